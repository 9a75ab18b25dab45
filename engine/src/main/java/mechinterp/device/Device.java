package mechinterp.device;

import mechinterp.kernel.Kernels;

/** A memory and the kernels that compute in it. Devices are handed down by constructors. */
public interface Device extends MatrixMemory {
  /** Returns the kernels that compute with this device's matrices; they check their arguments. */
  Kernels kernels();
}
