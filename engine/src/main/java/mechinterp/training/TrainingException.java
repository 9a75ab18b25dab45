package mechinterp.training;

/**
 * Training cannot go on with these activations and settings: the message says in one line at which
 * step and why.
 */
public final class TrainingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** Makes the exception; the cause's message is the reason. */
  public TrainingException(int step, ArithmeticException cause) {
    super("training: step %d: %s".formatted(step, cause.getMessage()), cause);
  }
}
