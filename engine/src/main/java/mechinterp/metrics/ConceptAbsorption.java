package mechinterp.metrics;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.metrics.LinearProbes.Examples;
import mechinterp.metrics.LinearProbes.Row;

/**
 * Absorption where the concepts are known of inputs and not of features: how often the latents that
 * stand for a concept are silent on an input that has it, while others carry the concept's
 * direction. Of concepts that a linear probe finds in the activations with an F1 above .6:
 *
 * <ul>
 *   <li>the main latents are the k with the largest weights in an L1 probe on the codes, k from 1
 *       on as long as each further latent raises the F1 of a logistic regression on them by more
 *       than .03, at most 10;
 *   <li>each input of the concept that the probe knows has a projection p on the probe's unit
 *       direction, of which the main latents carry m, and the at most 3 other latents with a cosine
 *       of at least .1 that carry most carry a; its absorption is 0 where m is at least p or a
 *       below .4 p, 1 where m is not positive, and else min(a, p - m) / (min(a, p - m) + m);
 *   <li>it is absorbed in full where no main latent is active, and the latent that carries most
 *       carries at least .4 p and has a cosine of at least .025.
 * </ul>
 *
 * Source: Chanin et al. 2024, arXiv 2409.14507, as SAEBench 0.6.0 computes it ({@code
 * evals/absorption}); what a latent carries is its activation times its decoder row's product with
 * the direction, which for unit rows is SAEBench's.
 */
public final class ConceptAbsorption {
  private static final double LEAST_F1 = 0.6;
  private static final double F1_JUMP = 0.03;
  private static final int MOST_MAIN = 10;
  private static final int MOST_ABSORBING = 3;
  private static final double FRACTION_COSINE = 0.1;
  private static final double FULL_COSINE = 0.025;
  private static final double LEAST_SHARE = 0.4;
  private static final double SILENT = 1e-8;

  /**
   * SAEBench's 50 epochs; batches are smaller than its 4,096, since a small vocabulary would give
   * no more than a step an epoch.
   */
  private static final LinearProbes.Settings OF_ACTIVATIONS =
      new LinearProbes.Settings(50, 64, 0, 1e-4);

  private static final LinearProbes.Settings OF_CODES =
      new LinearProbes.Settings(50, 64, 0.01, 1e-6);

  private final Examples training;
  private final Examples test;
  private final int concepts;
  private final long seed;
  private final LinearProbes truth;
  private final double[] f1;

  /**
   * Trains the probes on the activations.
   *
   * @param training activations and concepts to find probes and main latents on
   * @param test others, to report on
   * @param concepts how many there are
   */
  public ConceptAbsorption(Examples training, Examples test, int concepts, long seed) {
    this.training = training;
    this.test = test;
    this.concepts = concepts;
    this.seed = seed;
    int width = training.rows().getFirst().values().length;
    this.truth = LinearProbes.fit(training, width, concepts, OF_ACTIVATIONS, seed);
    this.f1 = IntStream.range(0, concepts).mapToDouble(c -> truth.f1(c, test)).toArray();
  }

  /** Returns the F1 of each concept's probe on the test activations. */
  public double[] probeF1() {
    return f1.clone();
  }

  /** Returns the concepts that a probe finds well enough. */
  public List<Integer> measurable() {
    return IntStream.range(0, concepts)
        .filter(c -> f1[c] > LEAST_F1 && !known(c).isEmpty())
        .boxed()
        .toList();
  }

  private List<Integer> known(int concept) {
    return IntStream.range(0, test.size())
        .filter(i -> test.classes().get(i) == concept)
        .filter(i -> truth.score(concept, test.rows().get(i)) > 0)
        .boxed()
        .toList();
  }

  /**
   * What became of a concept.
   *
   * @param concept its number
   * @param fraction mean absorption over the test inputs that its probe knows
   * @param full share of them that are absorbed in full
   * @param mainLatents how many stand for it
   */
  public record Result(int concept, double fraction, double full, int mainLatents) {}

  /**
   * Measures an autoencoder.
   *
   * @param trainingCodes codes of the training activations, in their order
   * @param testCodes codes of the test activations
   * @param decoder its decoder rows [d_sae][d_in]
   */
  public List<Result> of(List<Row> trainingCodes, List<Row> testCodes, float[][] decoder) {
    Examples own = new Examples(trainingCodes, training.classes());
    Examples held = new Examples(testCodes, test.classes());
    LinearProbes sparse = LinearProbes.fit(own, decoder.length, concepts, OF_CODES, seed);
    return measurable().stream()
        .map(concept -> {
          BitSet main = mainLatents(concept, sparse.weights(concept), own, held);
          return result(concept, main, testCodes, new Direction(truth.weights(concept), decoder));
        })
        .toList();
  }

  private static BitSet mainLatents(int concept, double[] weights, Examples own, Examples held) {
    List<Integer> order =
        IntStream.range(0, weights.length)
            .boxed()
            .sorted(Comparator.comparingDouble(latent -> -weights[latent]))
            .limit(MOST_MAIN)
            .toList();
    BitSet main = new BitSet();
    double best = Double.NEGATIVE_INFINITY;
    for (int k = 1; k <= order.size(); k++) {
      double found = f1(concept, order.subList(0, k), own, held);
      if (!(found > best + F1_JUMP)) {
        break;
      }
      best = found;
      main.set(order.get(k - 1));
    }
    return main;
  }

  private static double f1(int concept, List<Integer> latents, Examples own, Examples held) {
    BitSet positive = new BitSet();
    for (int i = 0; i < own.size(); i++) {
      positive.set(i, own.classes().get(i) == concept);
    }
    LogisticRegression fitted =
        LogisticRegression.fitBalanced(numbers(own.rows(), latents), positive);
    double[][] x = numbers(held.rows(), latents);
    DetectionCounts counts = new DetectionCounts();
    for (int i = 0; i < x.length; i++) {
      counts.add(fitted.score(x[i]) > 0, held.classes().get(i) == concept);
    }
    return counts.f1();
  }

  private static double[][] numbers(List<Row> rows, List<Integer> latents) {
    double[][] numbers = new double[rows.size()][latents.size()];
    for (int i = 0; i < numbers.length; i++) {
      Row row = rows.get(i);
      for (int j = 0; j < row.columns().length; j++) {
        int place = latents.indexOf(row.columns()[j]);
        if (place >= 0) {
          numbers[i][place] = row.values()[j];
        }
      }
    }
    return numbers;
  }

  /** A probe's unit direction and the decoder rows' products with it. */
  private static final class Direction {
    private final double[] unit;
    private final double[] products;
    private final double[] cosines;

    Direction(double[] weights, float[][] decoder) {
      double norm =
          Math.sqrt(
              IntStream.range(0, weights.length).mapToDouble(d -> weights[d] * weights[d]).sum());
      this.unit = new double[weights.length];
      for (int d = 0; d < unit.length; d++) {
        unit[d] = weights[d] / norm;
      }
      this.products = new double[decoder.length];
      this.cosines = new double[decoder.length];
      for (int latent = 0; latent < products.length; latent++) {
        double squares = 0;
        for (int d = 0; d < unit.length; d++) {
          products[latent] += unit[d] * decoder[latent][d];
          squares += (double) decoder[latent][d] * decoder[latent][d];
        }
        cosines[latent] = squares == 0 ? 0 : products[latent] / Math.sqrt(squares);
      }
    }

    double projection(Row activation) {
      double sum = 0;
      for (int d = 0; d < unit.length; d++) {
        sum += unit[d] * activation.values()[d];
      }
      return sum;
    }
  }

  private Result result(int concept, BitSet main, List<Row> codes, Direction direction) {
    List<Integer> inputs = known(concept);
    double fractions = 0;
    int full = 0;
    for (int i : inputs) {
      double whole = direction.projection(test.rows().get(i));
      fractions += fraction(codes.get(i), main, direction, whole);
      full += isFull(codes.get(i), main, direction, whole) ? 1 : 0;
    }
    return new Result(
        concept, fractions / inputs.size(), (double) full / inputs.size(), main.cardinality());
  }

  private static double fraction(Row codes, BitSet main, Direction direction, double whole) {
    double ofMain = 0;
    List<Double> others = new ArrayList<>();
    for (int i = 0; i < codes.columns().length; i++) {
      int latent = codes.columns()[i];
      double carried = codes.values()[i] * direction.products[latent];
      if (main.get(latent)) {
        ofMain += carried;
      } else if (carried > 0 && direction.cosines[latent] >= FRACTION_COSINE) {
        others.add(carried);
      }
    }
    double absorbed =
        others.stream()
            .sorted(Comparator.reverseOrder())
            .limit(MOST_ABSORBING)
            .mapToDouble(Double::doubleValue)
            .sum();
    if (ofMain >= whole || absorbed / whole < LEAST_SHARE) {
      return 0;
    }
    if (ofMain <= 0) {
      return 1;
    }
    double taken = Math.min(absorbed, whole - ofMain);
    return taken / (taken + ofMain);
  }

  private static boolean isFull(Row codes, BitSet main, Direction direction, double whole) {
    double most = 0;
    double cosine = 0;
    for (int i = 0; i < codes.columns().length; i++) {
      int latent = codes.columns()[i];
      if (main.get(latent) && codes.values()[i] >= SILENT) {
        return false;
      }
      double carried = codes.values()[i] * direction.products[latent];
      if (carried > most) {
        most = carried;
        cosine = direction.cosines[latent];
      }
    }
    return whole >= 0 && cosine >= FULL_COSINE && most / whole >= LEAST_SHARE;
  }
}
