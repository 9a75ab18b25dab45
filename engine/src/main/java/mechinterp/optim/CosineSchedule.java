package mechinterp.optim;

/**
 * A learning rate that rises linearly from 0 to its peak and falls from there to a last value along
 * half a cosine (Loshchilov and Hutter 2017, without restarts). With s the number of the step from
 * 1, W the steps of warm-up, S all steps and f the final fraction:
 *
 * <pre>
 *   rate(s) = peak * s / W                                                 for s below W
 *   rate(s) = peak * (f + (1 - f) / 2 * (1 + cos(pi (s - W) / (S - W))))   from W on
 * </pre>
 *
 * @param peak the highest rate, positive
 * @param steps S
 * @param warmUpSteps W, less than S
 * @param finalFraction f, the last rate as a share of the peak, in [0, 1]
 */
public record CosineSchedule(double peak, int steps, int warmUpSteps, double finalFraction) {
  /** Checks the ranges. */
  public CosineSchedule {
    if (!(peak > 0 && peak < Double.POSITIVE_INFINITY)
        || warmUpSteps < 0
        || warmUpSteps >= steps
        || !(finalFraction >= 0 && finalFraction <= 1)) {
      throw new IllegalArgumentException(
          "schedule: peak is %s, steps %d, warm-up %d, final fraction %s; the peak must be positive, the warm-up shorter than the steps and the fraction within 0 to 1"
              .formatted(peak, steps, warmUpSteps, finalFraction));
    }
  }

  /** Returns the rate of a step, counted from 1. */
  public double at(int step) {
    if (step < warmUpSteps) {
      return peak * step / warmUpSteps;
    }
    double part = (double) (step - warmUpSteps) / (steps - warmUpSteps);
    return peak * (finalFraction + (1 - finalFraction) / 2 * (1 + Math.cos(Math.PI * part)));
  }
}
