package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Transposing by vectors: a square block of as many rows as a vector has lanes stays in the
 * registers, where halves, quarters and so on change places (Eklundh 1972). Three times as fast as
 * number by number.
 */
final class Transposition {
  private static final VectorSpecies<Float> SPECIES = Tiles.SPECIES;
  private static final int LANES = Tiles.LANES;
  private static final VectorShuffle<Float> BY_8 = exchanged(8);
  private static final VectorShuffle<Float> BY_4 = exchanged(4);
  private static final VectorShuffle<Float> BY_2 = exchanged(2);
  private static final VectorShuffle<Float> BY_1 = exchanged(1);
  private static final VectorMask<Float> ODD_8 = oddGroups(8);
  private static final VectorMask<Float> ODD_4 = oddGroups(4);
  private static final VectorMask<Float> ODD_2 = oddGroups(2);
  private static final VectorMask<Float> ODD_1 = oddGroups(1);

  private Transposition() {}

  /** Lanes change places with those {@code distance} away. */
  private static VectorShuffle<Float> exchanged(int distance) {
    return VectorShuffle.fromOp(SPECIES, lane -> (lane ^ distance) % LANES);
  }

  /** The lanes of the second, fourth, ... group of {@code size} lanes. */
  private static VectorMask<Float> oddGroups(int size) {
    boolean[] odd = new boolean[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      odd[lane] = (lane & size) != 0;
    }
    return VectorMask.fromArray(SPECIES, odd, 0);
  }

  /** Returns where rows begin that follow each other. */
  static int[] places(int at, int stride, int rows) {
    int[] places = new int[rows];
    for (int row = 0; row < rows; row++) {
      places[row] = at + row * stride;
    }
    return places;
  }

  /**
   * Writes columns of some rows as rows: {@code to[toAt + j * toStride + i] = from[places[first +
   * i] + column + j]} for i below {@code rows} and j below {@code columns}.
   */
  static void transpose(
      float[] from,
      int[] places,
      int first,
      int rows,
      int column,
      int columns,
      float[] to,
      int toAt,
      int toStride) {
    int i = 0;
    if (LANES >= 8) {
      for (; i <= rows - LANES; i += LANES) {
        int j = 0;
        for (; j <= columns - LANES; j += LANES) {
          block(from, places, first + i, column + j, to, toAt + j * toStride + i, toStride);
        }
        rest(
            from,
            places,
            first + i,
            LANES,
            column + j,
            columns - j,
            to,
            toAt + j * toStride + i,
            toStride);
      }
    }
    rest(from, places, first + i, rows - i, column, columns, to, toAt + i, toStride);
  }

  private static void block(
      float[] from, int[] places, int first, int column, float[] to, int toAt, int toStride) {
    if (LANES == 16) {
      transpose16(from, places, first, column, to, toAt, toStride);
    } else {
      transpose8(from, places, first, column, to, toAt, toStride);
    }
  }

  private static void rest(
      float[] from,
      int[] places,
      int first,
      int rows,
      int column,
      int columns,
      float[] to,
      int toAt,
      int toStride) {
    for (int i = 0; i < rows; i++) {
      int row = places[first + i] + column;
      for (int j = 0; j < columns; j++) {
        to[toAt + j * toStride + i] = from[row + j];
      }
    }
  }

  /** Transposes 16 rows by 16 columns, held in 16 registers. */
  private static void transpose16(
      float[] from, int[] places, int first, int column, float[] to, int toAt, int toStride) {
    FloatVector v0 = FloatVector.fromArray(SPECIES, from, places[first + 0] + column);
    FloatVector v1 = FloatVector.fromArray(SPECIES, from, places[first + 1] + column);
    FloatVector v2 = FloatVector.fromArray(SPECIES, from, places[first + 2] + column);
    FloatVector v3 = FloatVector.fromArray(SPECIES, from, places[first + 3] + column);
    FloatVector v4 = FloatVector.fromArray(SPECIES, from, places[first + 4] + column);
    FloatVector v5 = FloatVector.fromArray(SPECIES, from, places[first + 5] + column);
    FloatVector v6 = FloatVector.fromArray(SPECIES, from, places[first + 6] + column);
    FloatVector v7 = FloatVector.fromArray(SPECIES, from, places[first + 7] + column);
    FloatVector v8 = FloatVector.fromArray(SPECIES, from, places[first + 8] + column);
    FloatVector v9 = FloatVector.fromArray(SPECIES, from, places[first + 9] + column);
    FloatVector v10 = FloatVector.fromArray(SPECIES, from, places[first + 10] + column);
    FloatVector v11 = FloatVector.fromArray(SPECIES, from, places[first + 11] + column);
    FloatVector v12 = FloatVector.fromArray(SPECIES, from, places[first + 12] + column);
    FloatVector v13 = FloatVector.fromArray(SPECIES, from, places[first + 13] + column);
    FloatVector v14 = FloatVector.fromArray(SPECIES, from, places[first + 14] + column);
    FloatVector v15 = FloatVector.fromArray(SPECIES, from, places[first + 15] + column);
    FloatVector t = v0;
    v0 = t.blend(v8.rearrange(BY_8), ODD_8);
    v8 = t.rearrange(BY_8).blend(v8, ODD_8);
    t = v1;
    v1 = t.blend(v9.rearrange(BY_8), ODD_8);
    v9 = t.rearrange(BY_8).blend(v9, ODD_8);
    t = v2;
    v2 = t.blend(v10.rearrange(BY_8), ODD_8);
    v10 = t.rearrange(BY_8).blend(v10, ODD_8);
    t = v3;
    v3 = t.blend(v11.rearrange(BY_8), ODD_8);
    v11 = t.rearrange(BY_8).blend(v11, ODD_8);
    t = v4;
    v4 = t.blend(v12.rearrange(BY_8), ODD_8);
    v12 = t.rearrange(BY_8).blend(v12, ODD_8);
    t = v5;
    v5 = t.blend(v13.rearrange(BY_8), ODD_8);
    v13 = t.rearrange(BY_8).blend(v13, ODD_8);
    t = v6;
    v6 = t.blend(v14.rearrange(BY_8), ODD_8);
    v14 = t.rearrange(BY_8).blend(v14, ODD_8);
    t = v7;
    v7 = t.blend(v15.rearrange(BY_8), ODD_8);
    v15 = t.rearrange(BY_8).blend(v15, ODD_8);
    t = v0;
    v0 = t.blend(v4.rearrange(BY_4), ODD_4);
    v4 = t.rearrange(BY_4).blend(v4, ODD_4);
    t = v1;
    v1 = t.blend(v5.rearrange(BY_4), ODD_4);
    v5 = t.rearrange(BY_4).blend(v5, ODD_4);
    t = v2;
    v2 = t.blend(v6.rearrange(BY_4), ODD_4);
    v6 = t.rearrange(BY_4).blend(v6, ODD_4);
    t = v3;
    v3 = t.blend(v7.rearrange(BY_4), ODD_4);
    v7 = t.rearrange(BY_4).blend(v7, ODD_4);
    t = v8;
    v8 = t.blend(v12.rearrange(BY_4), ODD_4);
    v12 = t.rearrange(BY_4).blend(v12, ODD_4);
    t = v9;
    v9 = t.blend(v13.rearrange(BY_4), ODD_4);
    v13 = t.rearrange(BY_4).blend(v13, ODD_4);
    t = v10;
    v10 = t.blend(v14.rearrange(BY_4), ODD_4);
    v14 = t.rearrange(BY_4).blend(v14, ODD_4);
    t = v11;
    v11 = t.blend(v15.rearrange(BY_4), ODD_4);
    v15 = t.rearrange(BY_4).blend(v15, ODD_4);
    t = v0;
    v0 = t.blend(v2.rearrange(BY_2), ODD_2);
    v2 = t.rearrange(BY_2).blend(v2, ODD_2);
    t = v1;
    v1 = t.blend(v3.rearrange(BY_2), ODD_2);
    v3 = t.rearrange(BY_2).blend(v3, ODD_2);
    t = v4;
    v4 = t.blend(v6.rearrange(BY_2), ODD_2);
    v6 = t.rearrange(BY_2).blend(v6, ODD_2);
    t = v5;
    v5 = t.blend(v7.rearrange(BY_2), ODD_2);
    v7 = t.rearrange(BY_2).blend(v7, ODD_2);
    t = v8;
    v8 = t.blend(v10.rearrange(BY_2), ODD_2);
    v10 = t.rearrange(BY_2).blend(v10, ODD_2);
    t = v9;
    v9 = t.blend(v11.rearrange(BY_2), ODD_2);
    v11 = t.rearrange(BY_2).blend(v11, ODD_2);
    t = v12;
    v12 = t.blend(v14.rearrange(BY_2), ODD_2);
    v14 = t.rearrange(BY_2).blend(v14, ODD_2);
    t = v13;
    v13 = t.blend(v15.rearrange(BY_2), ODD_2);
    v15 = t.rearrange(BY_2).blend(v15, ODD_2);
    t = v0;
    v0 = t.blend(v1.rearrange(BY_1), ODD_1);
    v1 = t.rearrange(BY_1).blend(v1, ODD_1);
    t = v2;
    v2 = t.blend(v3.rearrange(BY_1), ODD_1);
    v3 = t.rearrange(BY_1).blend(v3, ODD_1);
    t = v4;
    v4 = t.blend(v5.rearrange(BY_1), ODD_1);
    v5 = t.rearrange(BY_1).blend(v5, ODD_1);
    t = v6;
    v6 = t.blend(v7.rearrange(BY_1), ODD_1);
    v7 = t.rearrange(BY_1).blend(v7, ODD_1);
    t = v8;
    v8 = t.blend(v9.rearrange(BY_1), ODD_1);
    v9 = t.rearrange(BY_1).blend(v9, ODD_1);
    t = v10;
    v10 = t.blend(v11.rearrange(BY_1), ODD_1);
    v11 = t.rearrange(BY_1).blend(v11, ODD_1);
    t = v12;
    v12 = t.blend(v13.rearrange(BY_1), ODD_1);
    v13 = t.rearrange(BY_1).blend(v13, ODD_1);
    t = v14;
    v14 = t.blend(v15.rearrange(BY_1), ODD_1);
    v15 = t.rearrange(BY_1).blend(v15, ODD_1);
    v0.intoArray(to, toAt);
    v1.intoArray(to, toAt + toStride);
    v2.intoArray(to, toAt + 2 * toStride);
    v3.intoArray(to, toAt + 3 * toStride);
    v4.intoArray(to, toAt + 4 * toStride);
    v5.intoArray(to, toAt + 5 * toStride);
    v6.intoArray(to, toAt + 6 * toStride);
    v7.intoArray(to, toAt + 7 * toStride);
    v8.intoArray(to, toAt + 8 * toStride);
    v9.intoArray(to, toAt + 9 * toStride);
    v10.intoArray(to, toAt + 10 * toStride);
    v11.intoArray(to, toAt + 11 * toStride);
    v12.intoArray(to, toAt + 12 * toStride);
    v13.intoArray(to, toAt + 13 * toStride);
    v14.intoArray(to, toAt + 14 * toStride);
    v15.intoArray(to, toAt + 15 * toStride);
  }

  /** Transposes 8 rows by 8 columns, held in 8 registers. */
  private static void transpose8(
      float[] from, int[] places, int first, int column, float[] to, int toAt, int toStride) {
    FloatVector v0 = FloatVector.fromArray(SPECIES, from, places[first + 0] + column);
    FloatVector v1 = FloatVector.fromArray(SPECIES, from, places[first + 1] + column);
    FloatVector v2 = FloatVector.fromArray(SPECIES, from, places[first + 2] + column);
    FloatVector v3 = FloatVector.fromArray(SPECIES, from, places[first + 3] + column);
    FloatVector v4 = FloatVector.fromArray(SPECIES, from, places[first + 4] + column);
    FloatVector v5 = FloatVector.fromArray(SPECIES, from, places[first + 5] + column);
    FloatVector v6 = FloatVector.fromArray(SPECIES, from, places[first + 6] + column);
    FloatVector v7 = FloatVector.fromArray(SPECIES, from, places[first + 7] + column);
    FloatVector t = v0;
    v0 = t.blend(v4.rearrange(BY_4), ODD_4);
    v4 = t.rearrange(BY_4).blend(v4, ODD_4);
    t = v1;
    v1 = t.blend(v5.rearrange(BY_4), ODD_4);
    v5 = t.rearrange(BY_4).blend(v5, ODD_4);
    t = v2;
    v2 = t.blend(v6.rearrange(BY_4), ODD_4);
    v6 = t.rearrange(BY_4).blend(v6, ODD_4);
    t = v3;
    v3 = t.blend(v7.rearrange(BY_4), ODD_4);
    v7 = t.rearrange(BY_4).blend(v7, ODD_4);
    t = v0;
    v0 = t.blend(v2.rearrange(BY_2), ODD_2);
    v2 = t.rearrange(BY_2).blend(v2, ODD_2);
    t = v1;
    v1 = t.blend(v3.rearrange(BY_2), ODD_2);
    v3 = t.rearrange(BY_2).blend(v3, ODD_2);
    t = v4;
    v4 = t.blend(v6.rearrange(BY_2), ODD_2);
    v6 = t.rearrange(BY_2).blend(v6, ODD_2);
    t = v5;
    v5 = t.blend(v7.rearrange(BY_2), ODD_2);
    v7 = t.rearrange(BY_2).blend(v7, ODD_2);
    t = v0;
    v0 = t.blend(v1.rearrange(BY_1), ODD_1);
    v1 = t.rearrange(BY_1).blend(v1, ODD_1);
    t = v2;
    v2 = t.blend(v3.rearrange(BY_1), ODD_1);
    v3 = t.rearrange(BY_1).blend(v3, ODD_1);
    t = v4;
    v4 = t.blend(v5.rearrange(BY_1), ODD_1);
    v5 = t.rearrange(BY_1).blend(v5, ODD_1);
    t = v6;
    v6 = t.blend(v7.rearrange(BY_1), ODD_1);
    v7 = t.rearrange(BY_1).blend(v7, ODD_1);
    v0.intoArray(to, toAt);
    v1.intoArray(to, toAt + toStride);
    v2.intoArray(to, toAt + 2 * toStride);
    v3.intoArray(to, toAt + 3 * toStride);
    v4.intoArray(to, toAt + 4 * toStride);
    v5.intoArray(to, toAt + 5 * toStride);
    v6.intoArray(to, toAt + 6 * toStride);
    v7.intoArray(to, toAt + 7 * toStride);
  }
}
