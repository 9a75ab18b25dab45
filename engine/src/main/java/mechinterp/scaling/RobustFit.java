package mechinterp.scaling;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import mechinterp.random.RandomStream;
import org.hipparchus.exception.MathRuntimeException;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.RealMatrix;
import org.hipparchus.linear.RealVector;
import org.hipparchus.linear.SingularValueDecomposition;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LeastSquaresBuilder;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LeastSquaresOptimizer.Optimum;
import org.hipparchus.optim.nonlinear.vector.leastsquares.LevenbergMarquardtOptimizer;
import org.hipparchus.util.Pair;

/**
 * Parameters that make sum over points of rho(r) least, r = ln of predicted over measured loss,
 *
 * <pre>  rho(r) = 2 d^2 (sqrt(1 + (r / d)^2) - 1)</pre>
 *
 * which is r^2 for small and 2 d |r| for large r (pseudo-Huber), by Levenberg and Marquardt's
 * method on sqrt(rho). A point far off so pulls no harder than one at a few d.
 */
final class RobustFit {
  private static final int MOST_EVALUATIONS = 2000;
  private static final double TOLERANCE = 1e-10;
  private static final double FIRST_WIDTH = 0.05;
  private static final double LEAST_WIDTH = 1e-6;
  private static final double HUBER = 1.345;
  private static final double DEVIATION_OF_MEDIAN = 1.4826;
  private static final double SAME_COST = 1.001;
  private static final double VANISHED = 1e-8;
  private static final double SINGULAR = 1e-9;
  private static final double FACTOR_LAST = 0.1;

  private final LawDesign design;
  private final double[][] features;

  RobustFit(LawDesign design, double[][] features) {
    this.design = design;
    this.features = features;
  }

  /**
   * What was found.
   *
   * @param theta parameters
   * @param cost sum of rho
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Found(double[] theta, double cost) {}

  /**
   * The best of many starts.
   *
   * @param theta parameters
   * @param width d
   * @param converged starts that came to an end
   * @param agreeing starts that came to the least sum
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Best(double[] theta, double width, int converged, int agreeing) {}

  /**
   * Returns the best of many starts. A start has random exponents, and factors that give each term
   * a random share of the mean loss. The width is first .05, then 1.345 deviations of the residuals
   * by their median (Huber 1964).
   *
   * @return empty when none converges
   */
  Optional<Best> best(double[] logLosses, int starts, RandomStream random) {
    Found[] found = new Found[starts];
    int converged = 0;
    for (int start = 0; start < starts; start++) {
      Optional<Found> end =
          from(
              start(logLosses, random, (long) start * 2 * features[0].length),
              logLosses,
              FIRST_WIDTH);
      if (end.isPresent()) {
        found[converged++] = end.get();
      }
    }
    if (converged == 0) {
      return Optional.empty();
    }
    Found[] ends = Arrays.copyOf(found, converged);
    Arrays.sort(ends, (a, b) -> Double.compare(a.cost(), b.cost()));
    double least = ends[0].cost() * SAME_COST + Double.MIN_NORMAL;
    int agreeing = (int) Arrays.stream(ends).filter(end -> end.cost() <= least).count();
    double width = width(residuals(ends[0].theta(), logLosses));
    int all = converged;
    return from(ends[0].theta(), logLosses, width)
        .map(end -> new Best(end.theta(), width, all, agreeing));
  }

  private double[] start(double[] logLosses, RandomStream random, long first) {
    double[] theta = new double[design.parameters()];
    double meanLoss = Arrays.stream(logLosses).average().orElseThrow();
    double[] centre = new double[theta.length];
    for (double[] row : features) {
      for (int i = 0; i < theta.length; i++) {
        centre[i] += row[i] / features.length;
      }
    }
    double[] logs = new double[design.terms()];
    for (int i = 0; i < theta.length; i++) {
      if (!design.isFactor(i)) {
        theta[i] = 2 * random.uniform(first + i) - 1;
        logs[design.termOf(i)] += theta[i] * centre[i];
      }
    }
    for (int i = 0; i < theta.length; i++) {
      if (design.isFactor(i)) {
        double share =
            Math.log(
                Math.max(random.uniform(first + theta.length + design.termOf(i)), LEAST_WIDTH));
        theta[i] = meanLoss + share - logs[design.termOf(i)];
      }
    }
    return theta;
  }

  private static double width(double[] residuals) {
    double[] sizes = Arrays.stream(residuals).map(Math::abs).sorted().toArray();
    return Math.max(LEAST_WIDTH, HUBER * DEVIATION_OF_MEDIAN * sizes[sizes.length / 2]);
  }

  /** Returns ln of predicted over measured loss. */
  double[] residuals(double[] theta, double[] logLosses) {
    double[] residuals = new double[logLosses.length];
    for (int i = 0; i < residuals.length; i++) {
      residuals[i] = design.logLoss(theta, features[i]) - logLosses[i];
    }
    return residuals;
  }

  /** Returns where a start leads, unless it does not converge. */
  Optional<Found> from(double[] start, double[] logLosses, double width) {
    try {
      Optimum end =
          new LevenbergMarquardtOptimizer()
              .withCostRelativeTolerance(TOLERANCE)
              .withParameterRelativeTolerance(TOLERANCE)
              .optimize(
                  new LeastSquaresBuilder()
                      .start(start)
                      .target(new double[logLosses.length])
                      .model(theta -> roots(theta, logLosses, width))
                      .maxEvaluations(MOST_EVALUATIONS)
                      .maxIterations(MOST_EVALUATIONS)
                      .build());
      double[] theta = end.getPoint().toArray();
      boolean finite = Arrays.stream(theta).allMatch(Double::isFinite);
      return finite && Double.isFinite(end.getCost())
          ? Optional.of(new Found(theta, end.getCost() * end.getCost()))
          : Optional.empty();
    } catch (MathRuntimeException _) {
      return Optional.empty();
    }
  }

  /** Returns the signed roots of rho and their derivatives. */
  private Pair<RealVector, RealMatrix> roots(RealVector point, double[] logLosses, double width) {
    double[] theta = point.toArray();
    double[] roots = new double[logLosses.length];
    double[][] derivatives = new double[roots.length][];
    for (int i = 0; i < roots.length; i++) {
      double ratio = (design.logLoss(theta, features[i]) - logLosses[i]) / width;
      double length = Math.hypot(1, ratio);
      // sqrt(2 (length - 1)) without the cancellation: ratio sqrt(2 / (1 + length)).
      double root = ratio * Math.sqrt(2 / (1 + length));
      roots[i] = width * root;
      double slope = Math.sqrt((1 + length) / 2) / length;
      double[] gradient = design.gradient(theta, features[i]);
      for (int j = 0; j < gradient.length; j++) {
        gradient[j] *= slope;
      }
      derivatives[i] = gradient;
    }
    return new Pair<>(
        new ArrayRealVector(roots, false), new Array2DRowRealMatrix(derivatives, false));
  }

  /**
   * Returns the number of a parameter that the points leave open, since another combination of the
   * others does the same, if there is one. Terms that have vanished everywhere are left out: a law
   * without an irreducible error is determined though the error's logarithm is not.
   */
  Optional<Integer> undetermined(double[] theta) {
    int[] kept = remaining(theta);
    SingularValueDecomposition parts = decomposition(theta, kept);
    double[] values = parts.getSingularValues();
    if (values[values.length - 1] > SINGULAR * values[0]) {
      return Optional.empty();
    }
    double[] open = parts.getV().getColumn(values.length - 1);
    int largest = 0;
    for (int j = 1; j < open.length; j++) {
      if (openness(open[j], kept[j]) > openness(open[largest], kept[largest])) {
        largest = j;
      }
    }
    return Optional.of(kept[largest]);
  }

  /**
   * Returns each point's leverage: how much of a change of its own ln loss the fit follows, the
   * diagonal of J (J' J)^-1 J' with J the derivatives of ln L.
   */
  double[] leverages(double[] theta) {
    RealMatrix u = decomposition(theta, remaining(theta)).getU();
    double[] leverages = new double[features.length];
    for (int i = 0; i < leverages.length; i++) {
      for (double part : u.getRow(i)) {
        leverages[i] += part * part;
      }
    }
    return leverages;
  }

  /** Returns that of the derivatives of ln L, columns of length 1, by the parameters that count. */
  private SingularValueDecomposition decomposition(double[] theta, int[] kept) {
    double[][] columns = new double[features.length][kept.length];
    for (int i = 0; i < columns.length; i++) {
      double[] gradient = design.gradient(theta, features[i]);
      for (int j = 0; j < kept.length; j++) {
        columns[i][j] = gradient[kept[j]];
      }
    }
    normalize(columns, kept.length);
    return new SingularValueDecomposition(new Array2DRowRealMatrix(columns, false));
  }

  /** A factor is open as soon as an exponent of its term is, so exponents are named first. */
  private double openness(double part, int parameter) {
    return Math.abs(part) * (design.isFactor(parameter) ? FACTOR_LAST : 1);
  }

  private int[] remaining(double[] theta) {
    boolean[] seen = new boolean[design.terms()];
    for (double[] row : features) {
      double[] logs = design.logTerms(theta, row);
      double logLoss = LawDesign.logSum(logs);
      for (int term = 0; term < seen.length; term++) {
        seen[term] |= Math.exp(logs[term] - logLoss) > VANISHED;
      }
    }
    return IntStream.range(0, theta.length).filter(i -> seen[design.termOf(i)]).toArray();
  }

  private static void normalize(double[][] columns, int count) {
    for (int j = 0; j < count; j++) {
      double squares = 0;
      for (double[] row : columns) {
        squares += row[j] * row[j];
      }
      double length = squares == 0 ? 1 : Math.sqrt(squares);
      for (double[] row : columns) {
        row[j] /= length;
      }
    }
  }
}
