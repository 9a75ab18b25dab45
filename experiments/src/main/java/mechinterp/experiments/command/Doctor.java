package mechinterp.experiments.command;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mechinterp.cuda.simulator.driver.EmulatedDriver;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.device.CpuDevice;
import mechinterp.device.cuda.CudaProbe;
import mechinterp.device.cuda.CudaState;
import mechinterp.experiments.console.ResultOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp doctor}: what this machine offers and what will be used of it. */
@Command(
    name = "doctor",
    description = "Show the JDK, kernels, cores, memory and CUDA, or the reason why there is none.")
public final class Doctor implements Runnable {
  private static final double GIBIBYTE = 1L << 30;

  private static final int SIMULATED_MEBIBYTES = 1024;

  @Option(
      names = "--device",
      paramLabel = "D",
      description =
          "The CUDA device to describe: cuda, or simulator, which needs no GPU. Default: cuda.")
  private String cudaDevice = "cuda";

  @Mixin private ResultOutput output;

  /**
   * What was found.
   *
   * @param jdk the JVM's version and maker
   * @param platform operating system and processor architecture
   * @param device the CPU device with the kernels that it chose
   * @param simdBits width of its vectors
   * @param cores processors that this JVM may use
   * @param heapBytes the most that the Java heap may grow to
   * @param memoryBytes memory of the machine or container, if the JVM can tell
   * @param cuda the driver and its devices, or the reason why not
   */
  record Findings(
      String jdk,
      String platform,
      String device,
      int simdBits,
      int cores,
      long heapBytes,
      Optional<Long> memoryBytes,
      Cuda cuda) {}

  /**
   * @param available whether the driver answers and has a device
   * @param version the CUDA version of the driver
   * @param devices the devices' names, memory and compute capability
   * @param reason why it is not available
   */
  record Cuda(
      boolean available, Optional<String> version, List<String> devices, Optional<String> reason) {}

  @Override
  public void run() {
    Findings findings = examine();
    output.print(findings, describe(findings));
  }

  private Findings examine() {
    Runtime runtime = Runtime.getRuntime();
    try (CpuDevice device = CpuDevice.best(runtime.availableProcessors())) {
      return new Findings(
          "%s (%s)".formatted(Runtime.version(), System.getProperty("java.vendor")),
          System.getProperty("os.name") + " " + System.getProperty("os.arch"),
          device.name(),
          CpuDevice.simdBits(),
          runtime.availableProcessors(),
          runtime.maxMemory(),
          machineMemory(),
          cuda(ask()));
    }
  }

  private CudaState ask() {
    return switch (cudaDevice) {
      case "cuda" -> CudaProbe.ask();
      case "simulator" ->
          CudaProbe.ask(new EmulatedDriver(SimulatedGpu.ofMebibytes(SIMULATED_MEBIBYTES)).cuda());
      default ->
          throw new IllegalArgumentException(
              "--device: is " + cudaDevice + "; it must be cuda or simulator");
    };
  }

  private static Optional<Long> machineMemory() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? Optional.of(system.getTotalMemorySize())
        : Optional.empty();
  }

  private static Cuda cuda(CudaState state) {
    return switch (state) {
      case CudaState.Absent(String reason) ->
          new Cuda(false, Optional.empty(), List.of(), Optional.of(reason));
      case CudaState.Present(String library, String version, List<CudaState.Gpu> gpus) ->
          new Cuda(
              !gpus.isEmpty(),
              Optional.of(version),
              gpus.stream().map(Doctor::describe).toList(),
              gpus.isEmpty() ? Optional.of(library + ": no devices") : Optional.empty());
    };
  }

  private static String describe(CudaState.Gpu gpu) {
    return "%s, %s, compute capability %s"
        .formatted(gpu.name(), gibibytes(gpu.memoryBytes()), gpu.computeCapability());
  }

  private static String describe(Findings findings) {
    Cuda cuda = findings.cuda();
    String devices =
        cuda.reason()
            .map(reason -> "no: " + reason)
            .orElseGet(() -> String.join("; ", cuda.devices()));
    return String.format(
        Locale.ROOT,
        """
        JDK      %s
        platform %s
        device   %s, SIMD width %d bits
        cores    %d
        memory   %s in the machine, up to %s for Java (MECHINTERP_JAVA_OPTIONS=-Xmx... changes it)
        CUDA     %s
        """,
        findings.jdk(),
        findings.platform(),
        findings.device(),
        findings.simdBits(),
        findings.cores(),
        findings.memoryBytes().map(Doctor::gibibytes).orElse("unknown"),
        gibibytes(findings.heapBytes()),
        devices);
  }

  private static String gibibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / GIBIBYTE);
  }
}
