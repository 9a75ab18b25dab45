package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import mechinterp.bindings.NativeLibraries;
import mechinterp.bindings.NativeLibrary;
import mechinterp.bindings.cuda.CudaDriver;

/** Asks the CUDA driver what there is, without making a context. Never throws. */
public final class CudaProbe {
  private static final int NAME_LENGTH = 256;
  private static final List<String> FUNCTIONS =
      List.of(
          "cuInit",
          "cuDriverGetVersion",
          "cuDeviceGetCount",
          "cuDeviceGet",
          "cuDeviceGetName",
          "cuDeviceTotalMem_v2",
          "cuDeviceGetAttribute",
          "cuGetErrorName");

  private CudaProbe() {}

  /** Returns the driver's answer, or why there is none. */
  public static CudaState ask() {
    return switch (NativeLibraries.cuda()) {
      case NativeLibrary.Missing(String reason) -> new CudaState.Absent(reason);
      case NativeLibrary.Found found -> ask(found);
    };
  }

  private static CudaState ask(NativeLibrary.Found library) {
    for (String function : FUNCTIONS) {
      if (library.symbols().find(function).isEmpty()) {
        return new CudaState.Absent(
            library.path() + ": has no function " + function + "; it must be the CUDA driver");
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      return ask(library.path(), arena);
    } catch (Refusal refusal) {
      return new CudaState.Absent(library.path() + ": " + refusal.getMessage());
    }
  }

  private static CudaState ask(String path, Arena arena) throws Refusal {
    check("cuInit", CudaDriver.cuInit(0), arena);
    MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
    check("cuDriverGetVersion", CudaDriver.cuDriverGetVersion(number), arena);
    int version = number.get(ValueLayout.JAVA_INT, 0);
    check("cuDeviceGetCount", CudaDriver.cuDeviceGetCount(number), arena);
    int count = number.get(ValueLayout.JAVA_INT, 0);
    List<CudaState.Gpu> gpus = new ArrayList<>();
    for (int ordinal = 0; ordinal < count; ordinal++) {
      gpus.add(gpu(ordinal, arena));
    }
    return new CudaState.Present(path, version / 1000 + "." + version % 1000 / 10, gpus);
  }

  private static CudaState.Gpu gpu(int ordinal, Arena arena) throws Refusal {
    MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
    check("cuDeviceGet", CudaDriver.cuDeviceGet(number, ordinal), arena);
    int device = number.get(ValueLayout.JAVA_INT, 0);
    MemorySegment name = arena.allocate(NAME_LENGTH);
    check("cuDeviceGetName", CudaDriver.cuDeviceGetName(name, NAME_LENGTH, device), arena);
    check("cuDeviceTotalMem", CudaDriver.cuDeviceTotalMem_v2(number, device), arena);
    long memory = number.get(ValueLayout.JAVA_LONG, 0);
    int major = attribute(CudaDriver.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR(), device, arena);
    int minor = attribute(CudaDriver.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR(), device, arena);
    return new CudaState.Gpu(name.getString(0), memory, major + "." + minor);
  }

  private static int attribute(int attribute, int device, Arena arena) throws Refusal {
    MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
    check(
        "cuDeviceGetAttribute", CudaDriver.cuDeviceGetAttribute(number, attribute, device), arena);
    return number.get(ValueLayout.JAVA_INT, 0);
  }

  private static void check(String function, int code, Arena arena) throws Refusal {
    if (code != CudaDriver.CUDA_SUCCESS()) {
      throw new Refusal(function + " answers " + errorName(code, arena));
    }
  }

  /** The driver returns a pointer to a string of its own, whose length only it knows. */
  @SuppressWarnings("restricted")
  private static String errorName(int code, Arena arena) {
    MemorySegment name = arena.allocate(ValueLayout.ADDRESS);
    boolean known = CudaDriver.cuGetErrorName(code, name) == CudaDriver.CUDA_SUCCESS();
    return known
        ? name.get(ValueLayout.ADDRESS, 0).reinterpret(NAME_LENGTH).getString(0)
        : "error " + code;
  }

  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    Refusal(String message) {
      super(message);
    }
  }
}
