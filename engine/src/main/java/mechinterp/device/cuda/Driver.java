package mechinterp.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import mechinterp.bindings.cuda.CudaDriver;

/** The functions of a CUDA driver, and what their results mean. */
final class Driver {
  private static final int TEXT_LENGTH = 4096;

  private final CudaDriver functions;

  Driver(SymbolLookup symbols) {
    functions = new CudaDriver(symbols);
  }

  CudaDriver functions() {
    return functions;
  }

  /**
   * Checks a result.
   *
   * @param call the function, for the message
   * @throws CudaException when it is not success; the detail is the driver's own
   */
  void check(String call, int code) {
    check(call, code, () -> text(code, functions::cuGetErrorString));
  }

  /** Checks a result; the detail says what was asked for. */
  void check(String call, int code, Supplier<String> detail) {
    if (code != CudaDriver.CUDA_SUCCESS()) {
      throw new CudaException(call, text(code, functions::cuGetErrorName), code, detail.get());
    }
  }

  private interface TextOf {
    int find(int code, MemorySegment pointer);
  }

  private static String text(int code, TextOf source) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      return source.find(code, pointer) == CudaDriver.CUDA_SUCCESS()
          ? string(pointer.get(ValueLayout.ADDRESS, 0))
          : "unknown error";
    }
  }

  /** A string of the library's own, whose length only the library knows. */
  @SuppressWarnings("restricted")
  static String string(MemorySegment pointer) {
    return pointer.reinterpret(TEXT_LENGTH).getString(0);
  }
}
