package mechinterp.cuda.simulator.driver;

import mechinterp.cuda.simulator.LaunchOrder;

/**
 * The device that a driver has.
 *
 * @param memoryBytes its memory; a request that does not fit fails
 * @param order of blocks and warps, and of streams that are waited for together
 * @param execution when the work of a stream is done
 */
public record SimulatedGpu(long memoryBytes, LaunchOrder order, Execution execution) {
  private static final long MEBIBYTE = 1L << 20;

  /** Checks the size. */
  public SimulatedGpu {
    if (memoryBytes < 1) {
      throw new IllegalArgumentException(
          "simulated GPU: memory of " + memoryBytes + " bytes; it must be positive");
    }
  }

  /** One that does its work as late as it can. */
  public static SimulatedGpu ofMebibytes(int mebibytes) {
    return new SimulatedGpu(mebibytes * MEBIBYTE, LaunchOrder.FORWARD, Execution.DEFERRED);
  }

  /** The same with another order. */
  public SimulatedGpu withOrder(LaunchOrder other) {
    return new SimulatedGpu(memoryBytes, other, execution);
  }

  /** The same with another execution. */
  public SimulatedGpu withExecution(Execution other) {
    return new SimulatedGpu(memoryBytes, order, other);
  }
}
