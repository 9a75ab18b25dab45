package mechinterp.experiments.command;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import picocli.CommandLine.Option;

/** What computes. */
final class DeviceOptions {
  private static final int MOST_THREADS = 1024;

  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "Threads that share the work; results do not depend on it. Default: all cores.")
  private int threads = Runtime.getRuntime().availableProcessors();

  /**
   * Returns the device, which the caller closes.
   *
   * @throws IllegalArgumentException when the number of threads is out of its range
   */
  Device open() {
    if (threads < 1 || threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "--threads: is %d; it must lie within 1 to %d".formatted(threads, MOST_THREADS));
    }
    return CpuDevice.best(threads);
  }
}
