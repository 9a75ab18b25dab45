package mechinterp.sae.objective;

/**
 * How many latents are active from step to step, for kinds that choose the k largest: more at
 * first, so that fewer die, and k from some step on (EleutherAI/sparsify's {@code k_decay_steps},
 * dictionary_learning's {@code k_anneal_steps}). With s the number of the step from 1 and S those
 * of the fall:
 *
 * <pre>  k(s) = k + round((first - k) max(0, 1 - (s - 1) / S))</pre>
 *
 * @param first the number at the first step
 * @param k the number from step S + 1 on
 * @param steps S
 */
public record KSchedule(int first, int k, int steps) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public KSchedule {
    if (first < k) {
      throw new IllegalArgumentException(
          "first_k: is %d, k is %d; it must be at least k".formatted(first, k));
    }
  }

  /** Returns a k that stays. */
  public static KSchedule constant(int k) {
    return new KSchedule(k, k, 0);
  }

  /** Returns the number of active latents of a step, counted from 1. */
  public int at(int step) {
    return step > steps ? k : k + (int) Math.round((first - k) * (1 - (step - 1.0) / steps));
  }
}
