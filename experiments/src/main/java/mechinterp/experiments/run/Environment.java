package mechinterp.experiments.run;

import java.util.Optional;
import mechinterp.device.Device;

/**
 * Where a run took place: the content of {@code environment.json}.
 *
 * @param mechinterp version of this program
 * @param java version of the JVM
 * @param os operating system and processor architecture
 * @param device what computed, with its kernels and threads
 * @param cores processors that the JVM may use
 * @param heapBytes the most that the Java heap may grow to
 */
public record Environment(
    String mechinterp, String java, String os, String device, int cores, long heapBytes) {

  /** Returns the environment of this process with a device. */
  public static Environment of(Device device) {
    Runtime runtime = Runtime.getRuntime();
    return new Environment(
        Optional.ofNullable(Environment.class.getPackage().getImplementationVersion())
            .orElse("unpackaged"),
        Runtime.version() + " (" + System.getProperty("java.vendor") + ")",
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        device.name(),
        runtime.availableProcessors(),
        runtime.maxMemory());
  }
}
