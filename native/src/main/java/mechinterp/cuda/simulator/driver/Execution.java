package mechinterp.cuda.simulator.driver;

/** When the work of a stream is done. */
public enum Execution {
  /** At once, so that the call that asks for it reports what goes wrong. */
  IMMEDIATE,
  /**
   * As late as CUDA allows: when somebody waits for it. What is read too early has not been written
   * yet, and memory that is used again too early is read with its new content.
   */
  DEFERRED
}
