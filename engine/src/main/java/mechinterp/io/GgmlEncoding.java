package mechinterp.io;

/** How the numbers of a {@link GgmlType} lie in a file. */
sealed interface GgmlEncoding {
  /** One after another, without any packing. */
  record Plain(DType dtype) implements GgmlEncoding {}

  /** In a way that is known by name only. */
  record Unreadable() implements GgmlEncoding {}

  /**
   * In blocks of integers of few bits with scales of their own. All arithmetic is in 32-bit floats,
   * operation by operation as in ggml, so that the numbers come out with the same bits.
   *
   * <p>Source: {@code dequantize_row_*} in ggml/src/ggml-quants.c and the {@code block_*} types in
   * ggml/src/ggml-common.h of ggml-org/llama.cpp.
   */
  sealed interface Quantized extends GgmlEncoding {
    /** Writes the numbers of the block that begins at byte {@code at}, from {@code offset} on. */
    void decode(byte[] from, int at, float[] to, int offset);
  }

  /**
   * Q4_0, Q4_1, Q5_0 and Q5_1: 32 numbers d q + m. A block has d (F16), m (F16, if there is a
   * minimum), the fifth bits (32 bits, if there are any) and the low four bits, those of number j
   * and of number j + 16 in byte j. Without a minimum, the middle of q's range stands for 0.
   */
  record NibbleBlock(boolean fifthBit, boolean minimum) implements Quantized {
    @Override
    public void decode(byte[] from, int at, float[] to, int offset) {
      float d = float16(from, at);
      int fifthBits = at + (minimum ? 4 : 2);
      int high = fifthBit ? int32(from, fifthBits) : 0;
      int nibbles = fifthBits + (fifthBit ? 4 : 0);
      int zero = minimum ? 0 : fifthBit ? 16 : 8;
      // Adding -0 changes no float, not even the sign of a zero.
      float m = minimum ? float16(from, at + 2) : -0f;
      for (int j = 0; j < 16; j++) {
        int both = from[nibbles + j];
        int first = (both & 15) | (high >>> j & 1) << 4;
        int second = (both >>> 4 & 15) | (high >>> (j + 16) & 1) << 4;
        to[offset + j] = d * (first - zero) + m;
        to[offset + j + 16] = d * (second - zero) + m;
      }
    }
  }

  /** Q8_0: 32 numbers d q, of d (F16) and 32 signed bytes q. */
  record ByteBlock() implements Quantized {
    @Override
    public void decode(byte[] from, int at, float[] to, int offset) {
      float d = float16(from, at);
      for (int j = 0; j < 32; j++) {
        to[offset + j] = d * from[at + 2 + j];
      }
    }
  }

  /**
   * Q4_K and Q5_K: 256 numbers in 8 groups of 32, (d s) q - (dmin m). A block has d and dmin (F16),
   * 12 bytes with the 6-bit s and m of each group, the fifth bits (bit g of byte l for number l of
   * group g, if there are any) and the low four bits, those of two groups in 32 bytes.
   */
  record NibbleSuperblock(boolean fifthBit) implements Quantized {
    private static final int SCALES = 4;
    private static final int AFTER_SCALES = 16;

    @Override
    public void decode(byte[] from, int at, float[] to, int offset) {
      float d = float16(from, at);
      float dmin = float16(from, at + 2);
      int fifthBits = at + AFTER_SCALES;
      int nibbles = fifthBits + (fifthBit ? 32 : 0);
      for (int g = 0; g < 8; g++) {
        float scale = d * scale(from, at + SCALES, g);
        float minimum = dmin * minimum(from, at + SCALES, g);
        for (int l = 0; l < 32; l++) {
          int low = from[nibbles + 32 * (g / 2) + l] >>> (4 * (g % 2)) & 15;
          int high = fifthBit ? from[fifthBits + l] >>> g & 1 : 0;
          to[offset + 32 * g + l] = scale * (low | high << 4) - minimum;
        }
      }
    }

    /**
     * The first four lie in bytes 0 to 3; of the others the low bits in 8 to 11, the rest above.
     */
    private static int scale(byte[] from, int scales, int g) {
      return g < 4
          ? from[scales + g] & 63
          : (from[scales + g + 4] & 15) | (from[scales + g - 4] >>> 6 & 3) << 4;
    }

    private static int minimum(byte[] from, int scales, int g) {
      return g < 4
          ? from[scales + g + 4] & 63
          : (from[scales + g + 4] >>> 4 & 15) | (from[scales + g] >>> 6 & 3) << 4;
    }
  }

  /**
   * Q6_K: 256 numbers in 16 groups of 16, (d s) (q - 32). A block has the low four bits (128 bytes)
   * and the high two (64 bytes) of q, s (16 signed bytes) and d (F16). Each half of the numbers is
   * four rows of 32, which share 64 bytes of low and 32 bytes of high bits.
   */
  record SixBitSuperblock() implements Quantized {
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;

    @Override
    public void decode(byte[] from, int at, float[] to, int offset) {
      float d = float16(from, at + D);
      for (int row = 0; row < 8; row++) {
        int half = row / 4;
        int lows = at + 64 * half + 32 * (row % 2);
        int highs = at + HIGH + 32 * half;
        for (int l = 0; l < 32; l++) {
          float scale = d * from[at + SCALES + 2 * row + l / 16];
          int low = from[lows + l] >>> (4 * (row % 4 / 2)) & 15;
          int high = from[highs + l] >>> (2 * (row % 4)) & 3;
          to[offset + 32 * row + l] = scale * ((low | high << 4) - 32);
        }
      }
    }
  }

  private static float float16(byte[] from, int at) {
    return Float.float16ToFloat((short) ((from[at] & 0xff) | from[at + 1] << 8));
  }

  private static int int32(byte[] from, int at) {
    return (from[at] & 0xff)
        | (from[at + 1] & 0xff) << 8
        | (from[at + 2] & 0xff) << 16
        | from[at + 3] << 24;
  }
}
