package mechinterp.circuits;

/** What is measured at the last position of a prompt. */
public enum TaskMetric {
  /** logit of the answer - logit of the wrong token, of the prompt at hand. */
  LOGIT_DIFFERENCE,
  /**
   * How far the next-token distribution q is from p, that of the untouched clean run: sum over
   * tokens of p (log p - log q), in nats.
   */
  KL_DIVERGENCE
}
