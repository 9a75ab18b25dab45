package mechinterp.device.cuda;

import java.util.EnumMap;
import java.util.Map;
import mechinterp.bindings.NativeLibrary;
import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;

/** One stream, and what can be asked of it: kernels, products, copies. */
final class CudaWork {
  private final CudaContext context;
  private final CudaStream stream;
  private final Blas blas;
  private final Map<KernelFamily, KernelModule> modules = new EnumMap<>(KernelFamily.class);

  /**
   * Makes a stream and loads all kernels.
   *
   * @throws CudaException when the driver refuses; what was made by then is the context's to close
   */
  CudaWork(CudaContext context, NativeLibrary.Found cublas) {
    this.context = context;
    stream = CudaStream.create(context);
    blas = Blas.create(context, cublas.symbols(), stream);
    for (KernelFamily family : KernelFamily.values()) {
      modules.put(family, KernelModule.load(context, family));
    }
  }

  CudaContext context() {
    return context;
  }

  CudaStream stream() {
    return stream;
  }

  void launch(
      KernelFamily family, String kernel, int blocks, int threads, LaunchArguments arguments) {
    KernelModule module = modules.get(family);
    if (module == null) {
      throw new IllegalStateException(family + ": not loaded");
    }
    module.launch(stream, kernel, blocks, threads, arguments);
  }

  void multiply(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    blas.multiply(out, a, asA, b, asB, write);
  }

  /** Returns memory for so many numbers until the work that is asked for next is done. */
  DeviceBuffer scratch(long numbers) {
    return context.allocate(Float.BYTES * Math.max(1, numbers), stream);
  }

  /** Copies rows of numbers of 4 bytes; strides are in numbers. */
  void copyRows(long to, long toStride, long from, long fromStride, int rows, int cols) {
    for (long row = 0; row < rows && cols > 0; row++) {
      int status =
          context
              .enter()
              .cuMemcpyDtoDAsync_v2(
                  to + Float.BYTES * (row * toStride),
                  from + Float.BYTES * (row * fromStride),
                  (long) Float.BYTES * cols,
                  stream.handle());
      context.driver().check("cuMemcpyDtoDAsync", status);
    }
  }

  /** Sets numbers of 4 bytes to zero. */
  void clear(DeviceBuffer buffer, long numbers) {
    int status = context.enter().cuMemsetD32Async(buffer.address(), 0, numbers, stream.handle());
    context.driver().check("cuMemsetD32Async", status);
  }
}
