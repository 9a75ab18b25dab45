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
          "cuGetErrorName",
          "cuGetErrorString");

  private CudaProbe() {}

  /** Returns the driver's answer, or why there is none. */
  public static CudaState ask() {
    return ask(NativeLibraries.cuda());
  }

  /** Returns the answer of this driver, or why there is none. */
  public static CudaState ask(NativeLibrary driver) {
    return switch (driver) {
      case NativeLibrary.Missing(String reason) -> new CudaState.Absent(reason);
      case NativeLibrary.Found found -> askFound(found);
    };
  }

  private static CudaState askFound(NativeLibrary.Found library) {
    for (String function : FUNCTIONS) {
      if (library.symbols().find(function).isEmpty()) {
        return new CudaState.Absent(
            library.path() + ": has no function " + function + "; it must be the CUDA driver");
      }
    }
    Driver driver = new Driver(library.symbols());
    try (Arena arena = Arena.ofConfined()) {
      return present(library.path(), driver, arena);
    } catch (CudaException refusal) {
      return new CudaState.Absent(library.path() + ": " + refusal.getMessage());
    }
  }

  private static CudaState present(String path, Driver driver, Arena arena) {
    CudaDriver functions = driver.functions();
    driver.check("cuInit", functions.cuInit(0));
    MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
    driver.check("cuDriverGetVersion", functions.cuDriverGetVersion(number));
    int version = number.get(ValueLayout.JAVA_INT, 0);
    driver.check("cuDeviceGetCount", functions.cuDeviceGetCount(number));
    int count = number.get(ValueLayout.JAVA_INT, 0);
    List<CudaState.Gpu> gpus = new ArrayList<>();
    for (int ordinal = 0; ordinal < count; ordinal++) {
      gpus.add(gpu(ordinal, driver, arena));
    }
    return new CudaState.Present(path, version / 1000 + "." + version % 1000 / 10, gpus);
  }

  static CudaState.Gpu gpu(int ordinal, Driver driver, Arena arena) {
    CudaDriver functions = driver.functions();
    MemorySegment number = arena.allocate(ValueLayout.JAVA_LONG);
    driver.check("cuDeviceGet", functions.cuDeviceGet(number, ordinal));
    int device = number.get(ValueLayout.JAVA_INT, 0);
    MemorySegment name = arena.allocate(NAME_LENGTH);
    driver.check("cuDeviceGetName", functions.cuDeviceGetName(name, NAME_LENGTH, device));
    driver.check("cuDeviceTotalMem", functions.cuDeviceTotalMem_v2(number, device));
    long memory = number.get(ValueLayout.JAVA_LONG, 0);
    int major =
        attribute(CudaDriver.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR(), device, driver, arena);
    int minor =
        attribute(CudaDriver.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR(), device, driver, arena);
    return new CudaState.Gpu(name.getString(0), memory, major + "." + minor);
  }

  private static int attribute(int attribute, int device, Driver driver, Arena arena) {
    MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
    driver.check(
        "cuDeviceGetAttribute", driver.functions().cuDeviceGetAttribute(number, attribute, device));
    return number.get(ValueLayout.JAVA_INT, 0);
  }
}
