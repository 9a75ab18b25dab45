package mechinterp.sae;

import mechinterp.kernel.ShortlistKernels;

/**
 * A matrix in 8 bits a number: row j is scale[j] times whole numbers, its levels. The {@link
 * #nearest} levels of a row lie between -127 and 127 and its scale is its largest absolute value /
 * 127, so that no number is off by more than half a scale.
 */
public final class Int8Rows {
  private static final int LARGEST = 127;

  private static final int PANEL = ShortlistKernels.LEVEL_PANEL;

  /** Levels in an int. */
  private static final int FOUR = 4;

  private final int cols;
  private final byte[] levels;
  private final float[] scales;

  private Int8Rows(int cols, byte[] levels, float[] scales) {
    this.cols = cols;
    this.levels = levels;
    this.scales = scales;
  }

  /**
   * Wraps levels, row after row, and a scale for each row.
   *
   * @throws IllegalArgumentException when they are not as many as they must be
   */
  public static Int8Rows of(int cols, byte[] levels, float[] scales) {
    if ((long) cols * scales.length != levels.length) {
      throw new IllegalArgumentException(
          "levels: are %d, rows %d of %d columns; there must be one for each element"
              .formatted(levels.length, scales.length, cols));
    }
    return new Int8Rows(cols, levels.clone(), scales.clone());
  }

  /**
   * Rounds numbers to the nearest levels.
   *
   * @param values row after row, finite
   */
  public static Int8Rows nearest(int cols, float[] values) {
    float[] scales = new float[values.length / cols];
    byte[] levels = new byte[values.length];
    for (int row = 0; row < scales.length; row++) {
      float largest = 0;
      for (int i = row * cols; i < (row + 1) * cols; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      scales[row] = largest / LARGEST;
      for (int i = row * cols; scales[row] > 0 && i < (row + 1) * cols; i++) {
        levels[i] = (byte) Math.clamp((long) Math.rint(values[i] / scales[row]), -LARGEST, LARGEST);
      }
    }
    return new Int8Rows(cols, levels, scales);
  }

  /**
   * Takes levels out of ints as {@link #words} makes them.
   *
   * @param words [{@link #wordRows}, {@link #wordCols}]
   */
  public static Int8Rows ofWords(int cols, int[] words, float[] scales) {
    byte[] levels = new byte[Math.multiplyExact(scales.length, cols)];
    for (int i = 0; i < levels.length; i++) {
      int place = place(cols, i);
      levels[i] = (byte) (words[place / FOUR] >> (Byte.SIZE * (place % FOUR)));
    }
    return new Int8Rows(cols, levels, scales.clone());
  }

  /**
   * Returns four levels of a column in each int, as {@link ShortlistKernels#quantizedTopK} takes
   * them: [{@link #wordRows}, {@link #wordCols}], and 0 behind the last row.
   */
  public int[] words() {
    int[] words = new int[Math.multiplyExact(wordRows(scales.length), wordCols(cols))];
    for (int i = 0; i < levels.length; i++) {
      int place = place(cols, i);
      words[place / FOUR] |= (levels[i] & 0xff) << (Byte.SIZE * (place % FOUR));
    }
    return words;
  }

  /** Returns where a level stands among those in words. */
  private static int place(int cols, int level) {
    int row = level / cols;
    return (row / PANEL * cols + level % cols) * PANEL + row % PANEL;
  }

  /** Returns how many rows of ints the levels of so many rows take: one for 64. */
  static int wordRows(int rows) {
    return Math.ceilDiv(rows, PANEL);
  }

  /** Returns how many ints there are in each. */
  static int wordCols(int cols) {
    return cols * PANEL / FOUR;
  }

  /** Returns the number of rows. */
  public int rows() {
    return scales.length;
  }

  /** Returns the number of columns. */
  public int cols() {
    return cols;
  }

  /** Returns a copy of the levels, row after row. */
  public byte[] levels() {
    return levels.clone();
  }

  /** Returns a copy of the scales. */
  public float[] scales() {
    return scales.clone();
  }

  /** Returns the numbers that they stand for, row after row. */
  public float[] values() {
    float[] values = new float[levels.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = scales[i / cols] * levels[i];
    }
    return values;
  }
}
