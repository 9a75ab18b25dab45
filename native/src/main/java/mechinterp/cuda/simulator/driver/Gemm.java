package mechinterp.cuda.simulator.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import mechinterp.cuda.simulator.GlobalMemory;

/**
 * C = alpha op(A) op(B) + beta C in column-major order, A and B rounded before they are multiplied,
 * the sum a chain of fused multiply-adds in floats. Every number of A and B that is read must have
 * been written.
 *
 * @param a op(A) is [m, k]
 * @param b op(B) is [k, n]
 * @param c [m, n]
 */
record Gemm(int m, int n, int k, float alpha, Factor a, Factor b, float beta, Factor c) {

  /** What numbers are in memory. */
  enum Type {
    FLOAT(4),
    BFLOAT16(2);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    int bytes() {
      return bytes;
    }
  }

  /** What is left of a factor's 24 bits when it is multiplied. */
  enum Rounding {
    /** All. */
    NONE,
    /** 11 bits, ties away from zero. */
    TF32,
    /** 8 bits, ties to even. */
    BFLOAT16;

    float of(float value) {
      int bits = Float.floatToRawIntBits(value);
      return switch (this) {
        case NONE -> value;
        case TF32 ->
            Float.isFinite(value) ? Float.intBitsToFloat((bits + 0x1000) & ~0x1fff) : value;
        case BFLOAT16 -> ofBfloat16(toBfloat16(value));
      };
    }
  }

  /**
   * A matrix in memory.
   *
   * @param address of its first number
   * @param stride numbers between the starts of two columns
   * @param transposed whether its transpose is meant
   */
  record Factor(long address, Type type, int stride, boolean transposed, Rounding rounding) {
    Factor shifted(long numbers) {
      return new Factor(address + numbers * type.bytes(), type, stride, transposed, rounding);
    }

    /** Reads op(this) [rows, columns], column by column. */
    private float[] read(GlobalMemory memory, int rows, int columns) {
      int length = transposed ? columns : rows;
      int lines = transposed ? rows : columns;
      float[] values = new float[rows * columns];
      for (int line = 0; line < lines && length > 0; line++) {
        ByteBuffer bytes =
            littleEndian(
                memory.readWritten(
                    address + (long) line * stride * type.bytes(), length * type.bytes()));
        for (int i = 0; i < length; i++) {
          float value = type == Type.FLOAT ? bytes.getFloat() : ofBfloat16(bytes.getShort());
          values[transposed ? i * rows + line : line * rows + i] = rounding.of(value);
        }
      }
      return values;
    }

    private void write(GlobalMemory memory, float[] column, int number) {
      byte[] content = new byte[column.length * type.bytes()];
      ByteBuffer bytes = littleEndian(content);
      for (float value : column) {
        if (type == Type.FLOAT) {
          bytes.putFloat(value);
        } else {
          bytes.putShort(toBfloat16(value));
        }
      }
      memory.write(address + (long) number * stride * type.bytes(), content);
    }
  }

  void run(GlobalMemory memory) {
    if (m == 0 || n == 0) {
      return;
    }
    float[] left = a.read(memory, m, k);
    float[] right = b.read(memory, k, n);
    for (int j = 0; j < n; j++) {
      float[] sums = new float[m];
      for (int p = 0; p < k; p++) {
        for (int i = 0; i < m; i++) {
          sums[i] = Math.fma(left[p * m + i], right[j * k + p], sums[i]);
        }
      }
      scaleAndAdd(memory, sums, j);
      c.write(memory, sums, j);
    }
  }

  /** With beta 0 the old content is not read, whatever it is. */
  private void scaleAndAdd(GlobalMemory memory, float[] sums, int column) {
    float[] old =
        beta == 0 ? new float[m] : c.shifted((long) column * c.stride()).read(memory, m, 1);
    for (int i = 0; i < m; i++) {
      sums[i] = beta == 0 ? alpha * sums[i] : Math.fma(beta, old[i], alpha * sums[i]);
    }
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static float ofBfloat16(short bits) {
    return Float.intBitsToFloat(bits << Short.SIZE);
  }

  private static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.isNaN(value)
        ? 0x7fff
        : (short) ((bits + 0x7fff + ((bits >>> Short.SIZE) & 1)) >>> Short.SIZE);
  }
}
