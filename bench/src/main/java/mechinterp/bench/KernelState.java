package mechinterp.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The device whose kernels are measured, and matrices of normal numbers on it. */
@State(Scope.Benchmark)
public class KernelState {
  /** {@code scalar} (the reference, one thread) or {@code vector}. */
  @Param({"vector"})
  public String implementation = "vector";

  /** Threads of the vector kernels. */
  @Param({"2"})
  public int threads = 2;

  private Device device = CpuDevice.scalar();

  /** Starts the device that the parameters name. */
  Device start() {
    device =
        switch (implementation) {
          case "scalar" -> CpuDevice.scalar();
          case "vector" -> CpuDevice.vector(threads);
          default ->
              throw new IllegalArgumentException(
                  "implementation: found %s; must be scalar or vector".formatted(implementation));
        };
    return device;
  }

  Kernels kernels() {
    return device.kernels();
  }

  FloatMatrix gaussian(int rows, int cols, String name) {
    float[] values = new float[rows * cols];
    RandomStream.of(1, name).fillGaussian(values, 0, 1);
    return device.matrix(rows, cols, values);
  }

  MemorySegment nativeCopy(FloatMatrix matrix) {
    MemorySegment copy = Arena.ofAuto().allocate(4L * matrix.size(), 64);
    float[] values = device.toHost(matrix);
    MemorySegment.copy(values, 0, copy, ValueLayout.JAVA_FLOAT, 0, values.length);
    return copy;
  }

  /** Ends the device's threads. */
  @TearDown(Level.Trial)
  public void stop() {
    device.close();
  }
}
