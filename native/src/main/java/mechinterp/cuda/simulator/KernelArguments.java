package mechinterp.cuda.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The arguments of a launch, in the order of the kernel's parameters. */
public final class KernelArguments {
  private final List<byte[]> values = new ArrayList<>();

  /** Adds an address or a 64-bit integer. */
  public KernelArguments add(long value) {
    values.add(bytes(Long.BYTES).putLong(value).array());
    return this;
  }

  /** Adds a 32-bit integer. */
  public KernelArguments add(int value) {
    values.add(bytes(Integer.BYTES).putInt(value).array());
    return this;
  }

  /** Adds a float. */
  public KernelArguments add(float value) {
    values.add(bytes(Float.BYTES).putFloat(value).array());
    return this;
  }

  /** Adds a value of any type as it lies in memory. */
  public KernelArguments add(byte[] value) {
    values.add(value.clone());
    return this;
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  List<byte[]> values() {
    return values;
  }
}
