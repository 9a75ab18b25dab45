package mechinterp.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import mechinterp.cuda.simulator.KernelArguments;
import mechinterp.cuda.simulator.Launch;
import mechinterp.cuda.simulator.LaunchOrder;
import mechinterp.cuda.simulator.Simulator;

/** A simulated GPU with one family of kernels, and arrays brought to it and back. */
public final class Gpu {
  public final Simulator simulator;
  private final Simulator.LoadedModule kernels;

  public Gpu(KernelFamily family, LaunchOrder order) {
    simulator = new Simulator(order);
    kernels = simulator.load(family.module());
  }

  public long upload(float[] values) {
    byte[] bytes = new byte[Float.BYTES * values.length];
    littleEndian(bytes).asFloatBuffer().put(values);
    return simulator.memory().allocate(bytes);
  }

  public long upload(int[] values) {
    byte[] bytes = new byte[Integer.BYTES * values.length];
    littleEndian(bytes).asIntBuffer().put(values);
    return simulator.memory().allocate(bytes);
  }

  public long upload(short[] values) {
    byte[] bytes = new byte[Short.BYTES * values.length];
    littleEndian(bytes).asShortBuffer().put(values);
    return simulator.memory().allocate(bytes);
  }

  /** Room for floats or integers that only the kernel writes. */
  public long allocate(int words) {
    return simulator.memory().allocate(Float.BYTES * words);
  }

  public float[] floats(long address, int count) {
    float[] values = new float[count];
    bytes(address, Float.BYTES * count).asFloatBuffer().get(values);
    return values;
  }

  public int[] integers(long address, int count) {
    int[] values = new int[count];
    bytes(address, Integer.BYTES * count).asIntBuffer().get(values);
    return values;
  }

  public short[] shorts(long address, int count) {
    short[] values = new short[count];
    bytes(address, Short.BYTES * count).asShortBuffer().get(values);
    return values;
  }

  private ByteBuffer bytes(long address, int count) {
    return littleEndian(simulator.memory().read(address, count));
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  public void launch(String kernel, int blocks, int threads, KernelArguments arguments) {
    simulator.launch(kernels, kernel, Launch.of(blocks, threads), arguments);
  }

  /** A thread for each of {@code count} elements, in blocks of 64. */
  public void launchFor(String kernel, int count, KernelArguments arguments) {
    launch(kernel, (count + 63) / 64, 64, arguments);
  }

  public static float[] random(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
