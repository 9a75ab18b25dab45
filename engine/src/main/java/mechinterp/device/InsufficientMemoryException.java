package mechinterp.device;

/**
 * A computation was refused before it began because its plan does not fit into the device's memory.
 */
public final class InsufficientMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes the exception with a one-line message that says what is needed and what there is. */
  public InsufficientMemoryException(String message) {
    super(message);
  }
}
