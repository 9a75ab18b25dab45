package mechinterp.optim;

/**
 * A learning rate that rises linearly from 0, stays at its peak, and falls to 0 at the end of the
 * run. With s the number of the step from 1, W the steps of warm-up, D those of decay and S all
 * steps:
 *
 * <pre>
 *   rate(s) = peak * min(1, s / W, share(min(1, (S - s + 1) / D)))
 *   share(u) = u                        linear
 *   share(u) = (1 - cos(pi u)) / 2      cosine</pre>
 *
 * where a part of no steps does not count. The last step still has a rate above 0, {@code peak
 * share(1 / D)}.
 *
 * @param peak the highest rate, positive
 * @param steps S
 * @param warmUpSteps W
 * @param decaySteps D
 * @param decay the shape of the fall
 */
public record LearningRateSchedule(
    double peak, int steps, int warmUpSteps, int decaySteps, LearningRateDecay decay) {
  /** Checks the ranges. */
  public LearningRateSchedule {
    if (!(peak > 0 && peak < Double.POSITIVE_INFINITY)
        || warmUpSteps < 0
        || decaySteps < 0
        || (long) warmUpSteps + decaySteps > steps) {
      throw new IllegalArgumentException(
          "schedule: peak is %s, steps %d, warm-up %d, decay %d; the peak must be positive and warm-up and decay must fit into the steps"
              .formatted(peak, steps, warmUpSteps, decaySteps));
    }
  }

  /** Returns the rate of a step, counted from 1. */
  public double at(int step) {
    double rising = warmUpSteps == 0 ? 1 : (double) step / warmUpSteps;
    double left = decaySteps == 0 ? 1 : Math.min(1, (steps - step + 1.0) / decaySteps);
    return peak * Math.min(1, Math.min(rising, decay.share(left)));
  }
}
