package mechinterp.experiments.command;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import picocli.CommandLine.Option;

/** What computes. */
final class DeviceOptions {
  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "Threads that share the work; results do not depend on it. Default: all cores.")
  private int threads = Runtime.getRuntime().availableProcessors();

  /**
   * Returns the device, which the caller closes.
   *
   * @throws IllegalArgumentException when the number of threads is not positive
   */
  Device open() {
    if (threads < 1) {
      throw new IllegalArgumentException("--threads: is " + threads + "; it must be at least 1");
    }
    return CpuDevice.best(threads);
  }
}
