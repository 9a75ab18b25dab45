package mechinterp.sae;

/** Who hears of the step at a threshold, by the straight-through estimate of its derivative. */
public enum StraightThrough {
  /** The threshold alone (Rajamanoharan et al. 2024; SAELens' default). */
  THRESHOLD,
  /** The pre-activation too, and so the encoder (Anthropic, January 2025). */
  THRESHOLD_AND_INPUT
}
