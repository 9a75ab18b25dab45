package mechinterp.cuda.simulator;

/** Ends a block that runs too long. */
final class StepLimit {
  private final long limit;
  private long steps;

  StepLimit(long limit) {
    this.limit = limit;
  }

  void count() {
    if (++steps > limit) {
      throw new FaultException(Fault.TIMEOUT, limit + " in one block; does it ever end?");
    }
  }
}
