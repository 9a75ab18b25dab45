package mechinterp.cuda.simulator.driver;

/** A call fails; its caller gets the status, and the detail on request. */
final class DriverException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  DriverException(int status, String detail) {
    super(detail);
    this.status = status;
  }

  int status() {
    return status;
  }
}
