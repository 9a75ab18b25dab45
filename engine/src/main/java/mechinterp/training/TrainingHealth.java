package mechinterp.training;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SparsityConfig;

/**
 * Sees early that a training goes wrong and says in one line what to try. Means are over the last
 * 20 steps; each kind of trouble is told once.
 *
 * <ul>
 *   <li>L0 below 3, half of its target and a tenth of its highest mean, or below .5: a penalty
 *       brings it down from much more, but not as far;
 *   <li>FVU above 1.2 and twice its lowest mean: reconstructions are worse than the mean;
 *   <li>rows of W_enc or W_dec of a mean norm above 10: they begin with 1;
 *   <li>more than 3 in 10 latents dead;
 *   <li>L0 off the target that a penalty is moved to reach: by more than 30 % from the last third
 *       of the steps on, or by more than 10 % at the end.
 * </ul>
 */
final class TrainingHealth {
  private static final int WINDOW = 20;
  private static final double COLLAPSED = 0.1;
  private static final double LEAST_L0 = 0.5;
  private static final double LOW_L0 = 3;
  private static final double WORST_FVU = 1.2;
  private static final double RISEN = 2;
  private static final double LARGEST_NORM = 10;
  private static final double MANY_DEAD = 0.3;
  private static final double LAST_THIRD = 2.0 / 3;
  private static final double FAR_OFF_EARLY = 0.3;
  private static final double FAR_OFF = 0.1;

  private static final String TRY_ABOVE =
      "more tokens, a larger sparsity.coefficient, a higher learning_rate or a shorter"
          + " sparsity.warm_up_fraction";
  private static final String TRY_BELOW =
      "more tokens, a smaller sparsity.coefficient, a longer sparsity.warm_up_fraction or resample";

  private final int dSae;
  private final Optional<Double> targetL0;
  private final double lowL0;
  private final int steps;
  private final Set<Trouble> told = EnumSet.noneOf(Trouble.class);
  private final RunningMean l0 = new RunningMean();
  private final RunningMean fvu = new RunningMean();

  /** What can go wrong. */
  private enum Trouble {
    L0,
    FVU,
    NORM,
    DEAD,
    TARGET
  }

  TrainingHealth(SaeConfig config, int steps) {
    this.dSae = config.dSae();
    this.targetL0 = config.sparsityPenalty().flatMap(SparsityConfig::targetL0);
    this.lowL0 = Math.min(LOW_L0, targetL0.orElse(Double.POSITIVE_INFINITY) / 2);
    this.steps = steps;
  }

  /** Mean norms of rows, when somebody asks for them. */
  @FunctionalInterface
  interface Norms {
    /** Returns the mean norm of the decoder's rows, or of the encoder's. */
    double mean(boolean decoder);
  }

  /** The mean of the last numbers, and the lowest and highest that it has been. */
  private static final class RunningMean {
    private final Deque<Double> last = new ArrayDeque<>();
    private double lowest = Double.POSITIVE_INFINITY;
    private double highest = Double.NEGATIVE_INFINITY;

    void add(double value) {
      last.addLast(value);
      if (last.size() > WINDOW) {
        last.removeFirst();
      }
      if (isFull()) {
        lowest = Math.min(lowest, mean());
        highest = Math.max(highest, mean());
      }
    }

    boolean isFull() {
      return last.size() == WINDOW;
    }

    double mean() {
      return last.stream().mapToDouble(Double::doubleValue).sum() / last.size();
    }
  }

  /** Takes in a step that was done in an earlier process. */
  void remember(StepMetrics metrics) {
    l0.add(metrics.l0());
    fvu.add(metrics.fvu());
  }

  /** Takes in a step and returns what there is to tell. */
  List<String> check(StepMetrics metrics, Norms norms) {
    remember(metrics);
    List<String> warnings = new ArrayList<>();
    if (fvu.isFull()) {
      checkL0(metrics.step(), warnings);
      checkFvu(metrics.step(), warnings);
      targetL0.ifPresent(target -> checkTarget(metrics.step(), target, warnings));
    }
    if (metrics.step() % WINDOW == 0) {
      checkNorms(metrics.step(), norms, warnings);
    }
    checkDead(metrics, warnings);
    return warnings;
  }

  private void checkL0(int step, List<String> warnings) {
    if (l0.mean() < Math.max(LEAST_L0, Math.min(lowL0, COLLAPSED * l0.highest))) {
      tell(
          Trouble.L0,
          warnings,
          String.format(
              Locale.ROOT,
              "step %d: L0 has fallen to %.3g from %.3g: hardly a latent is active; try a lower"
                  + " learning_rate, a longer warm_up_fraction or a weaker sparsity penalty",
              step,
              l0.mean(),
              l0.highest));
    }
  }

  private void checkTarget(int step, double target, List<String> warnings) {
    double off = l0.mean() / target - 1;
    double tolerated = step < steps ? FAR_OFF_EARLY : FAR_OFF;
    if (step >= LAST_THIRD * steps && Math.abs(off) > tolerated) {
      tell(
          Trouble.TARGET,
          warnings,
          String.format(
              Locale.ROOT,
              "step %d: L0 is %.3g, %.0f %% %s the %s that are wanted; try %s",
              step,
              l0.mean(),
              100 * Math.abs(off),
              off > 0 ? "above" : "below",
              target,
              off > 0 ? TRY_ABOVE : TRY_BELOW));
    }
  }

  private void checkFvu(int step, List<String> warnings) {
    if (fvu.mean() > WORST_FVU && fvu.mean() > RISEN * fvu.lowest) {
      tell(
          Trouble.FVU,
          warnings,
          String.format(
              Locale.ROOT,
              "step %d: FVU has risen to %.3g from %.3g: reconstructions are worse than the mean"
                  + " activation; try a lower learning_rate or max_gradient_norm 1",
              step,
              fvu.mean(),
              fvu.lowest));
    }
  }

  private void checkNorms(int step, Norms norms, List<String> warnings) {
    double encoder = norms.mean(false);
    double decoder = norms.mean(true);
    if (Math.max(encoder, decoder) > LARGEST_NORM) {
      tell(
          Trouble.NORM,
          warnings,
          String.format(
              Locale.ROOT,
              "step %d: rows of W_enc have the mean norm %.3g, of W_dec %.3g, where both began with"
                  + " 1; try a lower learning_rate, max_gradient_norm 1 or decoder_norm unit",
              step,
              encoder,
              decoder));
    }
  }

  private void checkDead(StepMetrics metrics, List<String> warnings) {
    double share = (double) metrics.deadLatents() / dSae;
    if (share > MANY_DEAD) {
      tell(
          Trouble.DEAD,
          warnings,
          String.format(
              Locale.ROOT,
              "step %d: %.0f %% of the latents are dead; try b_dec_init geometric_median,"
                  + " aux_k.alpha 0.03125, resample, a lower learning_rate or fewer latents",
              metrics.step(),
              100 * share));
    }
  }

  private void tell(Trouble trouble, List<String> warnings, String warning) {
    if (told.add(trouble)) {
      warnings.add(warning);
    }
  }
}
