package mechinterp.cuda.simulator;

/** A fault before it is known where in the kernel it happened. */
final class FaultException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Fault fault;
  private final String detail;

  FaultException(Fault fault, String detail) {
    super(detail);
    this.fault = fault;
    this.detail = detail;
  }

  Fault fault() {
    return fault;
  }

  String detail() {
    return detail;
  }
}
