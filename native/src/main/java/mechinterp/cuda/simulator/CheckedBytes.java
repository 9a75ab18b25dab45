package mechinterp.cuda.simulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bytes that know whether they have been written. */
final class CheckedBytes {
  private static final VarHandle SHORTS = view(short[].class);
  private static final VarHandle INTS = view(int[].class);
  private static final VarHandle LONGS = view(long[].class);

  private final byte[] bytes;
  private final boolean[] written;

  CheckedBytes(int size) {
    bytes = new byte[size];
    written = new boolean[size];
  }

  private static VarHandle view(Class<?> array) {
    return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
  }

  int size() {
    return bytes.length;
  }

  /**
   * Reads 1, 2, 4 or 8 bytes, extended with zeros.
   *
   * @throws FaultException when one of them has not been written
   */
  long load(int at, int count) {
    requireWritten(at, count);
    return peek(at, count);
  }

  private void requireWritten(int at, int count) {
    for (int i = at; i < at + count; i++) {
      if (!written[i]) {
        throw new FaultException(
            Fault.UNINITIALISED, "byte " + i + " of " + bytes.length + " has not been written");
      }
    }
  }

  /** Reads without asking whether it has been written. */
  long peek(int at, int count) {
    return switch (count) {
      case 1 -> Byte.toUnsignedLong(bytes[at]);
      case 2 -> Short.toUnsignedLong((short) SHORTS.get(bytes, at));
      case 4 -> Integer.toUnsignedLong((int) INTS.get(bytes, at));
      default -> (long) LONGS.get(bytes, at);
    };
  }

  void store(int at, int count, long value) {
    switch (count) {
      case 1 -> bytes[at] = (byte) value;
      case 2 -> SHORTS.set(bytes, at, (short) value);
      case 4 -> INTS.set(bytes, at, (int) value);
      default -> LONGS.set(bytes, at, value);
    }
    Arrays.fill(written, at, at + count, true);
  }

  void write(int at, byte[] from) {
    System.arraycopy(from, 0, bytes, at, from.length);
    Arrays.fill(written, at, at + from.length, true);
  }

  byte[] read(int at, int count) {
    return Arrays.copyOfRange(bytes, at, at + count);
  }

  byte[] readWritten(int at, int count) {
    requireWritten(at, count);
    return read(at, count);
  }

  void copyTo(CheckedBytes destination, int to, int from, int count) {
    System.arraycopy(bytes, from, destination.bytes, to, count);
    System.arraycopy(written, from, destination.written, to, count);
  }
}
