package mechinterp.device.cuda;

import java.util.List;

/** What this machine has of CUDA. */
public sealed interface CudaState {

  /**
   * The driver answers.
   *
   * @param library the driver library's file
   * @param version the CUDA version that the driver supports, such as {@code 12.8}
   * @param gpus the devices, in the driver's order
   */
  record Present(String library, String version, List<Gpu> gpus) implements CudaState {
    /** Keeps the list. */
    public Present {
      gpus = List.copyOf(gpus);
    }
  }

  /**
   * There is no driver, or it refuses.
   *
   * @param reason one line that says what was looked for and what came of it
   */
  record Absent(String reason) implements CudaState {}

  /**
   * One device.
   *
   * @param name the maker's name
   * @param memoryBytes its memory
   * @param computeCapability such as {@code 9.0}
   */
  record Gpu(String name, long memoryBytes, String computeCapability) {}
}
