package mechinterp.metrics;

import java.util.Arrays;
import java.util.List;
import mechinterp.random.RandomStream;

/**
 * Linear classifiers, one for each class against all others, trained together on
 *
 * <pre>
 *   mean over examples and classes of -(p_c y log s + (1 - y) log(1 - s)) + l1 mean over classes of |w_c|_1
 * </pre>
 *
 * s the logistic function of w_c . x + b_c, p_c the examples of other classes over those of class
 * c, by Adam with an L2 gradient and a learning rate that falls from 1e-2 to 1e-5 by a factor each
 * epoch: {@code train_multi_probe} of SAEBench 0.6.0, but from weights of zero. Classes without an
 * example, or with nothing else, stay at zero.
 */
public final class LinearProbes {
  private static final double FIRST_RATE = 1e-2;
  private static final double LAST_RATE = 1e-5;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  private final int width;
  private final double[][] weights;

  private LinearProbes(int width, int classes) {
    this.width = width;
    this.weights = new double[classes][width + 1];
  }

  /**
   * The numbers of an example that are not zero.
   *
   * @param columns which, rising
   * @param values their values
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and only read
  public record Row(int[] columns, float[] values) {
    /** Returns a row with all numbers. */
    public static Row dense(float[] values) {
      int[] columns = new int[values.length];
      Arrays.setAll(columns, j -> j);
      return new Row(columns, values);
    }
  }

  /**
   * Examples with their classes.
   *
   * @param rows numbers of each
   * @param classes of each, from 0 on
   */
  public record Examples(List<Row> rows, List<Integer> classes) {
    /**
     * Keeps the lists.
     *
     * @throws IllegalArgumentException when they differ in length
     */
    public Examples {
      rows = List.copyOf(rows);
      classes = List.copyOf(classes);
      if (rows.size() != classes.size()) {
        throw new IllegalArgumentException(
            "probes: %d rows have %d classes; there must be one for each"
                .formatted(rows.size(), classes.size()));
      }
    }

    int size() {
      return rows.size();
    }
  }

  /**
   * How probes are trained.
   *
   * @param epochs how often each example is seen
   * @param batchSize examples of a step
   * @param l1 weight of the sum of the weights' sizes
   * @param l2 what is added to the gradient, as a multiple of the weights
   */
  public record Settings(int epochs, int batchSize, double l1, double l2) {}

  /**
   * Trains.
   *
   * @param width numbers of an example
   * @param classes how many there are
   * @param seed of the order of the examples
   */
  public static LinearProbes fit(
      Examples examples, int width, int classes, Settings settings, long seed) {
    LinearProbes probes = new LinearProbes(width, classes);
    probes.new Fit(examples, settings).run(seed);
    return probes;
  }

  /** Returns w_c . x + b_c, above 0 for what is of the class. */
  public double score(int of, Row row) {
    double[] w = weights[of];
    double sum = w[width];
    for (int i = 0; i < row.columns().length; i++) {
      sum += w[row.columns()[i]] * row.values()[i];
    }
    return sum;
  }

  /** Returns w_c in a new array. */
  public double[] weights(int of) {
    return Arrays.copyOf(weights[of], width);
  }

  /** Returns the F1 of a class's probe on examples, 0 where it is undefined. */
  public double f1(int of, Examples examples) {
    DetectionCounts counts = new DetectionCounts();
    for (int i = 0; i < examples.size(); i++) {
      counts.add(score(of, examples.rows().get(i)) > 0, examples.classes().get(i) == of);
    }
    return counts.f1();
  }

  /** The state of a training. */
  private final class Fit {
    private final Examples examples;
    private final Settings settings;
    private final double[] ofPositives;
    private final double[][] gradient = new double[weights.length][width + 1];
    private final double[][] mean = new double[weights.length][width + 1];
    private final double[][] square = new double[weights.length][width + 1];
    private int steps;

    Fit(Examples examples, Settings settings) {
      this.examples = examples;
      this.settings = settings;
      this.ofPositives = new double[weights.length];
      for (int c = 0; c < weights.length; c++) {
        int of = c;
        long own = examples.classes().stream().filter(each -> each == of).count();
        ofPositives[c] = own == 0 ? 0 : (double) (examples.size() - own) / own;
      }
    }

    void run(long seed) {
      double rate = FIRST_RATE;
      for (int epoch = 0; epoch < settings.epochs(); epoch++) {
        int[] order = RandomStream.of(seed, "epoch " + epoch).permutation(examples.size());
        for (int from = 0; from < order.length; from += settings.batchSize()) {
          int to = Math.min(order.length, from + settings.batchSize());
          step(Arrays.copyOfRange(order, from, to), rate);
        }
        rate *= Math.pow(LAST_RATE / FIRST_RATE, 1.0 / settings.epochs());
      }
    }

    private void step(int[] batch, double rate) {
      steps++;
      for (int c = 0; c < weights.length; c++) {
        if (ofPositives[c] > 0) {
          addGradient(c, batch);
          move(c, rate);
        }
      }
    }

    private void addGradient(int c, int[] batch) {
      double[] into = gradient[c];
      Arrays.fill(into, 0);
      double share = 1.0 / batch.length / weights.length;
      for (int i : batch) {
        Row row = examples.rows().get(i);
        double s = 1 / (1 + Math.exp(-score(c, row)));
        boolean isOwn = examples.classes().get(i) == c;
        double slope = share * (isOwn ? ofPositives[c] * (s - 1) : s);
        for (int j = 0; j < row.columns().length; j++) {
          into[row.columns()[j]] += slope * row.values()[j];
        }
        into[width] += slope;
      }
    }

    private void move(int c, double rate) {
      double first = 1 - Math.pow(BETA1, steps);
      double second = 1 - Math.pow(BETA2, steps);
      double l1 = settings.l1() / weights.length;
      double[] w = weights[c];
      for (int j = 0; j <= width; j++) {
        double g = gradient[c][j] + settings.l2() * w[j] + (j < width ? l1 * Math.signum(w[j]) : 0);
        mean[c][j] = BETA1 * mean[c][j] + (1 - BETA1) * g;
        square[c][j] = BETA2 * square[c][j] + (1 - BETA2) * g * g;
        w[j] -= rate * (mean[c][j] / first) / (Math.sqrt(square[c][j] / second) + EPSILON);
      }
    }
  }
}
