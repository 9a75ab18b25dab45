package mechinterp.model.golden;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import mechinterp.device.CpuDevice;
import mechinterp.device.Device;

/** What computes in a test of parity. */
enum Arithmetic {
  SCALAR,
  VECTOR;

  /** Opens the device; the test is skipped where this run of the tests has no vectors. */
  Device open() {
    return switch (this) {
      case SCALAR -> CpuDevice.scalar();
      case VECTOR -> {
        assumeTrue(
            ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
            "no vector module in this run");
        yield CpuDevice.vector(2);
      }
    };
  }
}
