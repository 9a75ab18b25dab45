package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;

/** The innermost loops of {@link PursuitSearch}. Widths need not be multiples of a vector. */
final class PursuitLoops {
  private static final int LANES = Tiles.LANES;

  private PursuitLoops() {}

  /** out[i] = x . the row at places[i], for the first {@code count} places. */
  static void dots(float[] out, float[] x, int width, float[] rows, int[] places, int count) {
    int i = 0;
    for (; i <= count - 4; i += 4) {
      fourDots(out, i, x, width, rows, places[i], places[i + 1], places[i + 2], places[i + 3]);
    }
    for (; i < count; i++) {
      out[i] = RowLoops.dot(x, 0, rows, places[i], width);
    }
  }

  /** Four products in one pass over x: eight streams of memory at once. */
  private static void fourDots(
      float[] out, int at, float[] x, int width, float[] rows, int r0, int r1, int r2, int r3) {
    FloatVector a0 = FloatVector.zero(Tiles.SPECIES);
    FloatVector a1 = FloatVector.zero(Tiles.SPECIES);
    FloatVector a2 = FloatVector.zero(Tiles.SPECIES);
    FloatVector a3 = FloatVector.zero(Tiles.SPECIES);
    FloatVector b0 = FloatVector.zero(Tiles.SPECIES);
    FloatVector b1 = FloatVector.zero(Tiles.SPECIES);
    FloatVector b2 = FloatVector.zero(Tiles.SPECIES);
    FloatVector b3 = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= width - 2 * LANES; i += 2 * LANES) {
      FloatVector u = FloatVector.fromArray(Tiles.SPECIES, x, i);
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, i + LANES);
      a0 = FloatVector.fromArray(Tiles.SPECIES, rows, r0 + i).fma(u, a0);
      a1 = FloatVector.fromArray(Tiles.SPECIES, rows, r1 + i).fma(u, a1);
      a2 = FloatVector.fromArray(Tiles.SPECIES, rows, r2 + i).fma(u, a2);
      a3 = FloatVector.fromArray(Tiles.SPECIES, rows, r3 + i).fma(u, a3);
      b0 = FloatVector.fromArray(Tiles.SPECIES, rows, r0 + i + LANES).fma(v, b0);
      b1 = FloatVector.fromArray(Tiles.SPECIES, rows, r1 + i + LANES).fma(v, b1);
      b2 = FloatVector.fromArray(Tiles.SPECIES, rows, r2 + i + LANES).fma(v, b2);
      b3 = FloatVector.fromArray(Tiles.SPECIES, rows, r3 + i + LANES).fma(v, b3);
    }
    out[at] = addRest(LaneSum.of(a0.add(b0)), x, i, width, rows, r0);
    out[at + 1] = addRest(LaneSum.of(a1.add(b1)), x, i, width, rows, r1);
    out[at + 2] = addRest(LaneSum.of(a2.add(b2)), x, i, width, rows, r2);
    out[at + 3] = addRest(LaneSum.of(a3.add(b3)), x, i, width, rows, r3);
  }

  private static float addRest(float sum, float[] x, int from, int width, float[] rows, int at) {
    float whole = sum;
    for (int i = from; i < width; i++) {
      whole = Math.fma(x[i], rows[at + i], whole);
    }
    return whole;
  }

  /** x += factor times the row at {@code from}; returns the new x . the row at {@code at}. */
  static float addAndDot(float[] x, int width, float[] rows, int from, float factor, int at) {
    FloatVector f = FloatVector.broadcast(Tiles.SPECIES, factor);
    FloatVector a = FloatVector.zero(Tiles.SPECIES);
    FloatVector b = FloatVector.zero(Tiles.SPECIES);
    int i = 0;
    for (; i <= width - 2 * LANES; i += 2 * LANES) {
      FloatVector u = FloatVector.fromArray(Tiles.SPECIES, x, i);
      FloatVector v = FloatVector.fromArray(Tiles.SPECIES, x, i + LANES);
      u = FloatVector.fromArray(Tiles.SPECIES, rows, from + i).fma(f, u);
      v = FloatVector.fromArray(Tiles.SPECIES, rows, from + i + LANES).fma(f, v);
      u.intoArray(x, i);
      v.intoArray(x, i + LANES);
      a = FloatVector.fromArray(Tiles.SPECIES, rows, at + i).fma(u, a);
      b = FloatVector.fromArray(Tiles.SPECIES, rows, at + i + LANES).fma(v, b);
    }
    int rest = i;
    for (; i < width; i++) {
      x[i] = Math.fma(rows[from + i], factor, x[i]);
    }
    return addRest(LaneSum.of(a.add(b)), x, rest, width, rows, at);
  }
}
