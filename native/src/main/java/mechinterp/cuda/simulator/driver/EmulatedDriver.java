package mechinterp.cuda.simulator.driver;

import java.util.List;
import mechinterp.bindings.NativeLibrary;
import mechinterp.bindings.cublas.Cublas;
import mechinterp.bindings.cuda.CudaDriver;

/**
 * A CUDA driver and a cuBLAS with one simulated device. Their functions are C functions, called
 * through the bindings as those of libcuda and libcublas are:
 *
 * <pre>{@code
 * EmulatedDriver driver = new EmulatedDriver(SimulatedGpu.ofMebibytes(64));
 * CudaDriver cuda = new CudaDriver(driver.cuda().symbols());
 * int status = cuda.cuInit(0);
 * }</pre>
 *
 * <p>After an error of a kernel every call but those that give something back fails with it, until
 * the context is released; {@code cuGetErrorString} says what the simulator found. Graphs and the
 * occupancy calculator are missing: the libraries have no such function.
 */
public final class EmulatedDriver {
  private final Calls calls = new Calls();
  private final Gpu gpu;
  private final NativeLibrary.Found cuda;
  private final NativeLibrary.Found cublas;

  /** Makes a driver with this device. */
  public EmulatedDriver(SimulatedGpu form) {
    gpu = new Gpu(form);
    FailureDetails ofCuda = new FailureDetails();
    FailureDetails ofCublas = new FailureDetails();
    List<Object> functions =
        List.of(
            new DeviceFunctions(gpu, ofCuda),
            new MemoryFunctions(gpu),
            new ModuleFunctions(gpu),
            new StreamFunctions(gpu));
    cuda =
        new NativeLibrary.Found(
            "simulator",
            new UpcallLibrary(
                "the simulator's CUDA driver",
                CudaDriver.class,
                functions,
                calls,
                ofCuda,
                CudaStatus.CUDA_ERROR_UNKNOWN.code()));
    cublas =
        new NativeLibrary.Found(
            "simulator",
            new UpcallLibrary(
                "the simulator's cuBLAS",
                Cublas.class,
                List.of(new CublasFunctions(gpu, ofCublas)),
                calls,
                ofCublas,
                CublasStatus.CUBLAS_STATUS_INTERNAL_ERROR.code()));
  }

  /** Returns the driver, for the bindings of {@code CudaDriver}. */
  public NativeLibrary.Found cuda() {
    return cuda;
  }

  /** Returns cuBLAS, for the bindings of {@code Cublas}. */
  public NativeLibrary.Found cublas() {
    return cublas;
  }

  /**
   * Lets a call fail. It does nothing else, unless it gives something back: then it does that too.
   *
   * @param function its symbol, such as {@code cuMemAlloc_v2}
   * @param occurrence 1 for the first call of this function
   * @param status what it answers, a {@code CUresult} or a {@code cublasStatus_t}
   */
  public void fail(String function, int occurrence, int status) {
    calls.fail(function, occurrence, status);
  }

  /** Returns the functions that were called, in the order of the calls. */
  public List<String> calls() {
    return calls.functions();
  }

  /**
   * Returns what programs did not give back: a line for each kind of thing that was left when a
   * context was destroyed, and one for a context that is still retained.
   */
  public List<String> leaks() {
    return gpu.leaks();
  }
}
