package mechinterp.circuits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;

/**
 * How much of a task circuits of growing size do. With m(C) the mean metric when only circuit C
 * runs on the clean prompts ({@link MaskedModel}, {@link PartialFeatures}), M the model, and
 * nothing the model with every part taken away,
 *
 * <pre>
 *   faithfulness f(C) = (m(C) - m(nothing)) / (m(M) - m(nothing))
 *   completeness      = f(M without C), near 0 when nothing of the task is left outside
 *   CPR               = area under f over the share of parts, larger is better
 *   CMD               = area of |1 - f| over the same, smaller is better
 * </pre>
 *
 * by the trapezoid rule. The circuit of a size has the parts whose effects are largest in size; the
 * control has as many parts drawn by chance. Sources: faithfulness and completeness, Wang et al.
 * 2022 and Marks et al. 2024; CPR, CMD and the sizes, Mueller et al. 2025, "MIB"
 * (arXiv:2504.13151).
 *
 * @param <T> the parts, such as edges or latents
 */
public final class CircuitFidelity<T> {
  /** Shares of the parts, those of MIB. */
  public static final List<Double> SHARES =
      List.of(0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0);

  private static final int RESAMPLES = 1000;
  private static final double TAIL = 0.025;

  private final PartialModel<T> model;
  private final double[] whole;
  private final double[] nothing;
  private final int controls;
  private final long seed;

  /**
   * Begins.
   *
   * @param controls random circuits of each size
   * @param seed of these and of the intervals
   * @throws IllegalArgumentException when there is no control, or the metric is the same with all
   *     parts and with none, so that there is nothing to explain
   */
  public CircuitFidelity(PartialModel<T> model, int controls, long seed) {
    if (controls < 1) {
      throw new IllegalArgumentException(
          "controls: is %d; it must be at least 1".formatted(controls));
    }
    this.model = model;
    this.whole = model.whole();
    this.nothing = model.nothing();
    double mean = Arrays.stream(whole).average().orElseThrow();
    if (mean == Arrays.stream(nothing).average().orElseThrow()) {
      throw new IllegalArgumentException(
          "faithfulness: the metric is %s with all parts and with none; they must differ"
              .formatted(mean));
    }
    this.controls = controls;
    this.seed = seed;
  }

  /**
   * Circuits of one size.
   *
   * @param share of all parts
   * @param size number of parts
   * @param faithfulness of the circuit
   * @param low the 2.5 % quantile of the faithfulness when prompts are drawn anew
   * @param high the 97.5 % quantile
   * @param completeness faithfulness of the model without the circuit
   * @param random mean faithfulness of the random circuits
   * @param randomDeviation standard deviation among these, 0 for a single one
   */
  public record Point(
      double share,
      int size,
      double faithfulness,
      double low,
      double high,
      double completeness,
      double random,
      double randomDeviation) {}

  /**
   * All sizes.
   *
   * @param points by growing size
   * @param cpr area under the faithfulness
   * @param cmd area of its distance from 1
   * @param randomCpr area under that of the random circuits
   * @param randomCmd area of its distance from 1
   */
  public record Curve(
      List<Point> points, double cpr, double cmd, double randomCpr, double randomCmd) {
    /** Keeps the points. */
    public Curve {
      points = List.copyOf(points);
    }
  }

  /**
   * Measures circuits of all sizes.
   *
   * @param effects of all parts, by whose size they are chosen
   * @param progress is told the number of circuits so far
   */
  public Curve of(Effects<T> effects, LongConsumer progress) {
    List<T> ranked = effects.ranking().stream().map(effects.items()::get).toList();
    List<Point> points = new ArrayList<>();
    for (double share : SHARES) {
      points.add(point(share, ranked));
      progress.accept((long) points.size() * (controls + 2));
    }
    return new Curve(
        points,
        area(points, points.stream().mapToDouble(Point::faithfulness).toArray()),
        area(points, points.stream().mapToDouble(p -> Math.abs(1 - p.faithfulness())).toArray()),
        area(points, points.stream().mapToDouble(Point::random).toArray()),
        area(points, points.stream().mapToDouble(p -> Math.abs(1 - p.random())).toArray()));
  }

  private Point point(double share, List<T> ranked) {
    int size = (int) Math.round(share * ranked.size());
    List<T> circuit = ranked.subList(0, size);
    double[] metrics = metricOf(circuit, ranked);
    double[] random =
        IntStream.range(0, controls)
            .mapToDouble(control -> faithfulness(metricOf(drawn(ranked, size, control), ranked)))
            .toArray();
    double mean = Arrays.stream(random).average().orElseThrow();
    double[] interval = interval(metrics);
    return new Point(
        share,
        size,
        faithfulness(metrics),
        interval[0],
        interval[1],
        faithfulness(model.metric(new LinkedHashSet<>(circuit))),
        mean,
        deviation(random, mean));
  }

  private double[] metricOf(Collection<T> circuit, List<T> all) {
    Set<T> kept = new HashSet<>(circuit);
    Set<T> removed = new LinkedHashSet<>(all);
    removed.removeAll(kept);
    return model.metric(removed);
  }

  private List<T> drawn(List<T> all, int size, int control) {
    int[] order =
        RandomStream.of(seed, "random circuit %d of %d edges".formatted(control, size))
            .permutation(all.size());
    return Arrays.stream(order).limit(size).mapToObj(all::get).toList();
  }

  private double faithfulness(double[] metrics) {
    int[] all = IntStream.range(0, metrics.length).toArray();
    return faithfulness(metrics, all);
  }

  /** Returns the faithfulness over some prompts, which may come several times. */
  private double faithfulness(double[] metrics, int[] prompts) {
    double circuit = 0;
    double all = 0;
    for (int prompt : prompts) {
      circuit += metrics[prompt] - nothing[prompt];
      all += whole[prompt] - nothing[prompt];
    }
    return circuit / all;
  }

  /** Returns quantiles over prompts drawn anew (the bootstrap, Efron 1979). */
  private double[] interval(double[] metrics) {
    RandomStream random = RandomStream.of(seed, "prompts drawn anew");
    double[] found = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      int[] prompts = new int[metrics.length];
      for (int j = 0; j < prompts.length; j++) {
        prompts[j] = random.below((long) i * prompts.length + j, prompts.length);
      }
      found[i] = faithfulness(metrics, prompts);
    }
    Arrays.sort(found);
    int tail = (int) (TAIL * RESAMPLES);
    return new double[] {found[tail], found[RESAMPLES - 1 - tail]};
  }

  private static double deviation(double[] values, double mean) {
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / Math.max(1, values.length - 1));
  }

  private static double area(List<Point> points, double[] heights) {
    double area = 0;
    for (int i = 1; i < heights.length; i++) {
      double width = points.get(i).share() - points.get(i - 1).share();
      area += width * (heights[i] + heights[i - 1]) / 2;
    }
    return area;
  }
}
