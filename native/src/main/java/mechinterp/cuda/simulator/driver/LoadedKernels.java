package mechinterp.cuda.simulator.driver;

import mechinterp.cuda.ptx.PtxKernel;
import mechinterp.cuda.simulator.Simulator;

/**
 * A module that the driver has loaded.
 *
 * @param module with the places of its variables
 */
record LoadedKernels(Simulator.LoadedModule module) {

  /** A kernel of it, and what was set for it. */
  static final class Function {
    private static final int SHARED_BYTES = 48 * 1024;

    private final LoadedKernels module;
    private final PtxKernel kernel;
    private int mostSharedBytes = SHARED_BYTES;

    Function(LoadedKernels module, PtxKernel kernel) {
      this.module = module;
      this.kernel = kernel;
    }

    LoadedKernels module() {
      return module;
    }

    PtxKernel kernel() {
      return kernel;
    }

    /** Dynamic shared memory that a launch may ask for. */
    int mostSharedBytes() {
      return mostSharedBytes;
    }

    void allowSharedBytes(int bytes) {
      mostSharedBytes = bytes;
    }
  }
}
