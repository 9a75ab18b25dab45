package mechinterp.random;

/**
 * A named stream of random numbers: number i of a stream is a function of the seed, the name and i
 * alone, so any part of it can be drawn anywhere, by any thread, and again after a restart.
 *
 * <p>Source: Philox4x32-10, Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1,
 * 2, 3", SC 2011.
 */
public final class RandomStream {
  private static final int ROUNDS = 10;
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final double UNIT_53 = 0x1.0p-53;

  private final long seed;
  private final long stream;

  private RandomStream(long seed, long stream) {
    this.seed = seed;
    this.stream = stream;
  }

  /**
   * Returns the stream {@code name} of {@code seed}; streams of different names are independent.
   */
  public static RandomStream of(long seed, String name) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * FNV_PRIME;
    }
    return new RandomStream(seed, hash);
  }

  /** Returns 64 random bits. */
  public long bits(long i) {
    return philox(
        (int) i,
        (int) (i >>> 32),
        (int) stream,
        (int) (stream >>> 32),
        (int) seed,
        (int) (seed >>> 32));
  }

  /** Returns a number of the uniform distribution on [0, 1). */
  public double uniform(long i) {
    return (bits(i) >>> 11) * UNIT_53;
  }

  /** Returns a whole number of the uniform distribution on 0 to {@code bound - 1}. */
  public int below(long i, int bound) {
    return (int) Math.multiplyHigh(bits(i) >>> 1, (long) bound << 1);
  }

  /** Returns a number of the standard normal distribution (Box and Muller 1958). */
  public double gaussian(long i) {
    long bits = bits(i);
    double radius = Math.sqrt(-2 * Math.log(((bits >>> 32) + 0.5) * 0x1.0p-32));
    return radius * Math.cos(2 * Math.PI * (bits & 0xffffffffL) * 0x1.0p-32);
  }

  /**
   * Fills {@code values} with normal numbers of the given deviation: value i is number {@code first
   * + i}.
   */
  public void fillGaussian(float[] values, long first, double deviation) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * gaussian(first + i));
    }
  }

  /** Returns a random order of 0 to {@code size - 1} (Fisher and Yates 1938; Durstenfeld 1964). */
  public int[] permutation(int size) {
    int[] order = new int[size];
    for (int i = 0; i < size; i++) {
      int j = below(i, i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** Returns the first two of the four words of a block. */
  static long philox(int c0, int c1, int c2, int c3, int k0, int k1) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xffffffffL) * (c0 & 0xffffffffL);
      long product1 = (MULTIPLIER_1 & 0xffffffffL) * (c2 & 0xffffffffL);
      int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      c0 = next0;
      c2 = next2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return ((long) c1 << 32) | (c0 & 0xffffffffL);
  }
}
