package mechinterp.cuda.simulator.driver;

import java.lang.foreign.MemorySegment;

/** The settings of a caller of cuBLAS. */
final class BlasHandle {
  private MemorySegment stream = MemorySegment.NULL;
  private boolean tensorFloat;
  private boolean scalarsOnDevice;

  MemorySegment stream() {
    return stream;
  }

  void useStream(MemorySegment handle) {
    stream = handle;
  }

  /** Whether products of floats may round their factors to TF32. */
  boolean tensorFloat() {
    return tensorFloat;
  }

  void allowTensorFloat(boolean allowed) {
    tensorFloat = allowed;
  }

  boolean scalarsOnDevice() {
    return scalarsOnDevice;
  }

  void takeScalarsOnDevice(boolean onDevice) {
    scalarsOnDevice = onDevice;
  }
}
