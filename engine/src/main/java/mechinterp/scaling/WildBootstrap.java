package mechinterp.scaling;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.random.RandomStream;
import org.hipparchus.distribution.continuous.NormalDistribution;
import org.hipparchus.distribution.continuous.TDistribution;

/**
 * The wild cluster bootstrap (Wu 1986; Cameron, Gelbach and Miller 2008): the fitted losses with
 * the residuals put back, those of a cell, all its seeds, with one random sign, and fitted again.
 * Every draw has the whole design, so no exponent loses the points that determine it. Residuals of
 * a fit are too small, most so where it follows single points; those of a cell are enlarged by
 *
 * <pre>  t(C - p) / z / (1 - h)</pre>
 *
 * with h the sum of the cell's leverages (the HC3 correction, MacKinnon and White 1985), C cells, p
 * parameters, t and z the 97.5 % quantiles of Student's and the normal distribution.
 */
final class WildBootstrap {
  private static final double QUANTILE = 0.975;
  private static final double LEAST_REST = 0.1;

  private final RobustFit fit;
  private final double[] fitted;
  private final double[] residuals;
  private final int[] cellOf;
  private final int cells;

  /**
   * Prepares to draw.
   *
   * @param theta what was fitted
   */
  WildBootstrap(RobustFit fit, double[] theta, double[] logLosses, List<ScalingPoint> points) {
    this.fit = fit;
    this.cellOf = new int[points.size()];
    Map<ScalingPoint.Cell, Integer> numbers = new HashMap<>();
    for (int i = 0; i < cellOf.length; i++) {
      cellOf[i] = numbers.computeIfAbsent(points.get(i).cell(), _ -> numbers.size());
    }
    this.cells = numbers.size();
    this.residuals = fit.residuals(theta, logLosses);
    this.fitted = new double[residuals.length];
    double[] leverages = new double[cells];
    double[] ofPoints = fit.leverages(theta);
    for (int i = 0; i < cellOf.length; i++) {
      leverages[cellOf[i]] += ofPoints[i];
    }
    double factor = smallSample(cells - theta.length);
    for (int i = 0; i < residuals.length; i++) {
      fitted[i] = logLosses[i] + residuals[i];
      residuals[i] *= -factor / Math.max(LEAST_REST, 1 - leverages[cellOf[i]]);
    }
  }

  private static double smallSample(int freedom) {
    double t = new TDistribution(freedom).inverseCumulativeProbability(QUANTILE);
    return t / new NormalDistribution().inverseCumulativeProbability(QUANTILE);
  }

  /** Returns the enlarged residuals, ln of measured over fitted loss. */
  double[] residuals() {
    return residuals;
  }

  /** Returns the parameters of the draws that converge. */
  List<double[]> draws(double[] theta, double width, int number, RandomStream random) {
    List<double[]> draws = new ArrayList<>();
    for (int draw = 0; draw < number; draw++) {
      double[] drawn = new double[fitted.length];
      for (int i = 0; i < drawn.length; i++) {
        boolean turned = (random.bits((long) draw * cells + cellOf[i]) & 1) == 0;
        drawn[i] = fitted[i] + (turned ? -residuals[i] : residuals[i]);
      }
      Optional<RobustFit.Found> found = fit.from(theta, drawn, width);
      found.ifPresent(end -> draws.add(end.theta()));
    }
    return draws;
  }
}
