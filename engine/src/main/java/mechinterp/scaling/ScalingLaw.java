package mechinterp.scaling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.random.RandomStream;
import mechinterp.scaling.LawTerm.Feature;

/**
 * A law of a form with parameters fitted to points, and the parameters of bootstrap draws, of which
 * intervals are made: the 2.5 % and 97.5 % quantiles of what the draws say.
 *
 * @param form of the law
 * @param measure what it predicts
 * @param kinds of autoencoders that it is of
 * @param theta the best parameters, in the order of {@link #parameterNames}
 * @param draws parameters of each draw
 * @param residuals ln of measured over predicted loss of each point, enlarged to the size of those
 *     of new points
 * @param ranges least and largest value of each covariate of the points
 * @param points how many it is fitted to
 * @param convergedStarts share of the starts that converged
 * @param agreeingStarts share of those that found these parameters
 */
public record ScalingLaw(
    LawForm form,
    String measure,
    List<String> kinds,
    List<Double> theta,
    List<List<Double>> draws,
    List<Double> residuals,
    Map<Covariate, Range> ranges,
    int points,
    double convergedStarts,
    double agreeingStarts) {
  private static final int FREE_CELLS = 3;
  private static final double LOW = 0.025;
  private static final double HIGH = 0.975;
  private static final double LEAST_CONVERGED = 0.95;

  /** From the least to the largest value, or a 95 % interval. */
  public record Range(double low, double high) {
    /** Returns how far ln value lies outside, in lengths of the range. */
    double distance(double value) {
      double length = Math.log(high / low);
      double outside = Math.max(0, Math.max(Math.log(low / value), Math.log(value / high)));
      return outside == 0 ? 0 : outside / length;
    }
  }

  /** Checks that all parameters are there. */
  public ScalingLaw {
    kinds = List.copyOf(kinds);
    theta = List.copyOf(theta);
    draws = draws.stream().map(List::copyOf).toList();
    residuals = List.copyOf(residuals);
    ranges = Map.copyOf(ranges);
    int parameters = new LawDesign(form, kinds).parameters();
    requireParameters("theta", theta, parameters);
    draws.forEach(draw -> requireParameters("draws", draw, parameters));
    requireSome("draws", draws);
    requireSome("residuals", residuals);
    for (Covariate covariate : form.covariates()) {
      if (!ranges.containsKey(covariate)) {
        throw new IllegalArgumentException(
            "ranges: has no %s, which %s depends on".formatted(covariate.field(), form.field()));
      }
    }
  }

  private static void requireParameters(String field, List<Double> values, int parameters) {
    if (values.size() != parameters) {
      throw new IllegalArgumentException(
          "%s: has %d numbers; the form has %d parameters"
              .formatted(field, values.size(), parameters));
    }
  }

  private static void requireSome(String field, List<?> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("%s: has none; it must have at least 1".formatted(field));
    }
  }

  /**
   * Returns how many different settings a form needs: 3 more than it has parameters.
   *
   * @param kinds of the points
   */
  public static int leastCells(LawForm form, List<String> kinds) {
    return new LawDesign(form, kinds).parameters() + FREE_CELLS;
  }

  /**
   * Fits a form.
   *
   * @throws IllegalArgumentException when there are too few points, a covariate is missing or does
   *     not vary, no start or too few draws converge, or the points leave a parameter open
   */
  public static ScalingLaw fit(LawForm form, ScalingPoints measured, FitSettings settings) {
    List<ScalingPoint> points = measured.points();
    LawDesign design = new LawDesign(form, measured.kinds());
    Map<Covariate, Range> ranges = ranges(form, measured);
    double[][] features =
        points.stream().map(point -> design.features(point.setting())).toArray(double[][]::new);
    double[] logLosses = points.stream().mapToDouble(point -> Math.log(point.loss())).toArray();
    RobustFit fit = new RobustFit(design, features);
    RobustFit.Best best =
        fit.best(logLosses, settings.starts(), RandomStream.of(settings.seed(), "scaling starts"))
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "%s: none of %d starts converges".formatted(form.field(), settings.starts())));
    fit.undetermined(best.theta())
        .ifPresent(open -> {
          throw new IllegalArgumentException(
              "%s: the points leave %s open, so its interval is unbounded; they must vary more of %s by itself"
                  .formatted(
                      form.field(),
                      design.names().get(open),
                      form.covariates().stream().map(Covariate::field).toList()));
        });
    WildBootstrap bootstrap = new WildBootstrap(fit, best.theta(), logLosses, points);
    List<double[]> draws =
        bootstrap.draws(
            best.theta(),
            best.width(),
            settings.draws(),
            RandomStream.of(settings.seed(), "scaling draws"));
    if (draws.size() < LEAST_CONVERGED * settings.draws()) {
      throw new IllegalArgumentException(
          "%s: %d of %d bootstrap draws converge; an interval needs %.0f %% of them"
              .formatted(form.field(), draws.size(), settings.draws(), 100 * LEAST_CONVERGED));
    }
    return new ScalingLaw(
        form,
        measured.measure(),
        measured.kinds(),
        list(best.theta()),
        draws.stream().map(ScalingLaw::list).toList(),
        list(bootstrap.residuals()),
        ranges,
        points.size(),
        (double) best.converged() / settings.starts(),
        (double) best.agreeing() / best.converged());
  }

  private static Map<Covariate, Range> ranges(LawForm form, ScalingPoints measured) {
    int needed = leastCells(form, measured.kinds());
    long cells = measured.points().stream().map(ScalingPoint::cell).distinct().count();
    if (cells < needed) {
      throw new IllegalArgumentException(
          "%s: there are %d different settings; it has %d parameters and needs at least %d"
              .formatted(form.field(), cells, needed - FREE_CELLS, needed));
    }
    Map<Covariate, Range> ranges = new EnumMap<>(Covariate.class);
    for (Covariate covariate : form.covariates()) {
      double[] logs =
          measured.points().stream()
              .mapToDouble(point -> point.setting().log(covariate))
              .sorted()
              .toArray();
      double low = Math.exp(logs[0]);
      double high = Math.exp(logs[logs.length - 1]);
      if (!(low < high)) {
        throw new IllegalArgumentException(
            "%s: %s is %s in all points; it must vary"
                .formatted(form.field(), covariate.field(), low));
      }
      ranges.put(covariate, new Range(low, high));
    }
    return ranges;
  }

  private static List<Double> list(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private LawDesign design() {
    return new LawDesign(form, kinds);
  }

  /** Returns what each parameter is, such as {@code term2.d_sae_exponent}. */
  public List<String> parameterNames() {
    return design().names();
  }

  /** Returns the 95 % interval of each parameter by name. */
  public Map<String, Range> parameterIntervals() {
    Map<String, Range> intervals = new LinkedHashMap<>();
    for (int i = 0; i < theta.size(); i++) {
      int parameter = i;
      double[] values = draws.stream().mapToDouble(draw -> draw.get(parameter)).sorted().toArray();
      intervals.put(parameterNames().get(i), interval(values));
    }
    return intervals;
  }

  /** Returns the law's loss at a setting, by the best parameters. */
  public double loss(ScalingSetting setting) {
    LawDesign design = design();
    return Math.exp(design.logLoss(array(theta), design.features(setting)));
  }

  /**
   * Predicts the loss at a setting.
   *
   * @throws IllegalArgumentException when a covariate is missing or the kind is not one of the law
   */
  public Prediction predict(ScalingSetting setting) {
    LawDesign design = design();
    double[] features = design.features(setting);
    double[] lawLogs = new double[draws.size()];
    double[] measuredLogs = new double[draws.size() * residuals.size()];
    for (int draw = 0; draw < lawLogs.length; draw++) {
      lawLogs[draw] = design.logLoss(array(draws.get(draw)), features);
      for (int i = 0; i < residuals.size(); i++) {
        measuredLogs[draw * residuals.size() + i] = lawLogs[draw] + residuals.get(i);
      }
    }
    Arrays.sort(lawLogs);
    Arrays.sort(measuredLogs);
    Range law = interval(lawLogs);
    Range measured = interval(measuredLogs);
    return new Prediction(
        Math.exp(design.logLoss(array(theta), features)),
        Math.exp(law.low()),
        Math.exp(law.high()),
        Math.exp(measured.low()),
        Math.exp(measured.high()),
        extrapolation(setting));
  }

  private double extrapolation(ScalingSetting setting) {
    double farthest = 0;
    for (Covariate covariate : form.covariates()) {
      double value = Math.exp(setting.log(covariate));
      farthest = Math.max(farthest, range(covariate).distance(value));
    }
    return farthest;
  }

  private Range range(Covariate covariate) {
    Range range = ranges.get(covariate);
    if (range == null) {
      throw new IllegalStateException(covariate + " has no range");
    }
    return range;
  }

  /**
   * Returns what a covariate must be for the law to reach a loss: such as the operations that an
   * FVU costs. With the term's covariate x and exponent b, x = ((target - other terms) / factor)^(1
   * / b). The interval of a measurement is that of the law.
   *
   * @param setting all that the law depends on but {@code free}
   * @param free a covariate of one term and one exponent
   * @throws IllegalArgumentException when the law, or more than 2.5 % of its draws, never reach the
   *     loss, so that the interval has no end
   */
  public Prediction solve(ScalingSetting setting, Covariate free, double target) {
    ScalingSetting.requirePositive(measure, target);
    Inverse inverse = new Inverse(design(), setting, free);
    double[] values = new double[draws.size()];
    int unreached = 0;
    for (int draw = 0; draw < values.length; draw++) {
      values[draw] = inverse.log(array(draws.get(draw)), target);
      unreached += Double.isInfinite(values[draw]) ? 1 : 0;
    }
    double best = inverse.log(array(theta), target);
    if (Double.isInfinite(best) || unreached > LOW * values.length) {
      throw new IllegalArgumentException(
          "%s: is %s; the law %s, and %.0f %% of its draws do not, so %s has no upper end"
              .formatted(
                  measure,
                  target,
                  Double.isInfinite(best) ? "never reaches it" : "reaches it",
                  100.0 * unreached / values.length,
                  free.field()));
    }
    Arrays.sort(values);
    Range interval = interval(values);
    double value = Math.exp(best);
    double low = Math.exp(interval.low());
    double high = Math.exp(interval.high());
    return new Prediction(value, low, high, low, high, extrapolation(setting.with(free, value)));
  }

  /** The quantiles of sorted values. */
  private static Range interval(double[] sorted) {
    return new Range(quantile(sorted, LOW), quantile(sorted, HIGH));
  }

  /**
   * Linear between neighbours, number i of n at i / (n + 1) (Weibull; type 6 of Hyndman and Fan
   * 1996): of few draws not too narrow.
   */
  private static double quantile(double[] sorted, double share) {
    double place = Math.clamp(share * (sorted.length + 1) - 1, 0, sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    double part = place - below;
    return part == 0 ? sorted[below] : sorted[below] * (1 - part) + sorted[above] * part;
  }

  /** A law solved for one covariate. */
  private final class Inverse {
    private final LawDesign design;
    private final double[] features;
    private final int exponent;

    Inverse(LawDesign design, ScalingSetting setting, Covariate free) {
      this.design = design;
      this.features = design.features(setting.with(free, 1));
      List<Integer> found = new ArrayList<>();
      List<Feature> uses =
          form.terms().stream()
              .flatMap(term -> term.features().stream())
              .filter(feature -> feature.logs().contains(free))
              .toList();
      for (int i = 0; i < design.parameters(); i++) {
        if (design.names().get(i).endsWith("." + free.field() + "_exponent")) {
          found.add(i);
        }
      }
      if (uses.size() != 1 || found.size() != 1) {
        throw new IllegalArgumentException(
            "form: is %s, which cannot be solved for %s: it must be in one exponent"
                .formatted(form.field(), free.field()));
      }
      this.exponent = found.getFirst();
    }

    /** Returns ln of the covariate; infinite where the loss is never reached. */
    double log(double[] parameters, double target) {
      double[] logs = design.logTerms(parameters, features);
      int own = design.termOf(exponent);
      double rest = target;
      for (int term = 0; term < logs.length; term++) {
        rest -= term == own ? 0 : Math.exp(logs[term]);
      }
      boolean falls = parameters[exponent] < 0;
      return rest > 0 && falls
          ? (Math.log(rest) - logs[own]) / parameters[exponent]
          : Double.POSITIVE_INFINITY;
    }
  }
}
