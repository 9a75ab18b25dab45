package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The innermost loops of matrix products: a few rows of A, read in place and broadcast, times a
 * panel of B that is packed [depth][PANEL]. Each element is one chain of fused multiply-adds over
 * the depth from first to last, in every tile alike, so that an element's bits do not depend on the
 * tile that computed it.
 *
 * <p>Written out by hand: as soon as the compiler keeps one accumulator in memory, or the loop has
 * a branch or is unrolled, a quarter to two fifths of the speed are gone. 14 rows by 2 vectors fill
 * the 32 registers of a 512-bit machine (28 accumulators, 2 vectors of B, 1 broadcast); 6 rows by 2
 * vectors the 16 registers of a 256-bit one. Calls of helpers would not be inlined into methods as
 * long as these, and a vector that is passed to a call lives in memory.
 */
final class Tiles {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  /** Columns of a panel. */
  static final int PANEL = 2 * LANES;

  /** Rows of the tile that fills the registers. */
  static final int HIGH = LANES >= 16 ? 14 : 6;

  /** Rows of the tile for matrices with fewer rows than {@link #HIGH}. */
  static final int LOW = 6;

  /** Panels that {@link #rowTile} takes at once. */
  static final int ROW_PANELS = 4;

  private Tiles() {}

  /**
   * tile [rows, PANEL] = rows of A times a panel.
   *
   * @param rows {@link #HIGH} or {@link #LOW}
   */
  static void tile(
      int rows,
      int depth,
      float[] a,
      int aAt,
      int aStride,
      float[] panel,
      int panelAt,
      float[] tile,
      int tileAt) {
    if (rows == 14) {
      tile14(depth, a, aAt, aStride, panel, panelAt, tile, tileAt);
    } else {
      tile6(depth, a, aAt, aStride, panel, panelAt, tile, tileAt);
    }
  }

  /** Writes the product of 14 rows of A and one panel. */
  static void tile14(
      int depth,
      float[] a,
      int aAt,
      int aStride,
      float[] panel,
      int panelAt,
      float[] tile,
      int tileAt) {
    FloatVector x0 = FloatVector.zero(SPECIES);
    FloatVector y0 = FloatVector.zero(SPECIES);
    FloatVector x1 = FloatVector.zero(SPECIES);
    FloatVector y1 = FloatVector.zero(SPECIES);
    FloatVector x2 = FloatVector.zero(SPECIES);
    FloatVector y2 = FloatVector.zero(SPECIES);
    FloatVector x3 = FloatVector.zero(SPECIES);
    FloatVector y3 = FloatVector.zero(SPECIES);
    FloatVector x4 = FloatVector.zero(SPECIES);
    FloatVector y4 = FloatVector.zero(SPECIES);
    FloatVector x5 = FloatVector.zero(SPECIES);
    FloatVector y5 = FloatVector.zero(SPECIES);
    FloatVector x6 = FloatVector.zero(SPECIES);
    FloatVector y6 = FloatVector.zero(SPECIES);
    FloatVector x7 = FloatVector.zero(SPECIES);
    FloatVector y7 = FloatVector.zero(SPECIES);
    FloatVector x8 = FloatVector.zero(SPECIES);
    FloatVector y8 = FloatVector.zero(SPECIES);
    FloatVector x9 = FloatVector.zero(SPECIES);
    FloatVector y9 = FloatVector.zero(SPECIES);
    FloatVector x10 = FloatVector.zero(SPECIES);
    FloatVector y10 = FloatVector.zero(SPECIES);
    FloatVector x11 = FloatVector.zero(SPECIES);
    FloatVector y11 = FloatVector.zero(SPECIES);
    FloatVector x12 = FloatVector.zero(SPECIES);
    FloatVector y12 = FloatVector.zero(SPECIES);
    FloatVector x13 = FloatVector.zero(SPECIES);
    FloatVector y13 = FloatVector.zero(SPECIES);
    int r0 = aAt;
    int r1 = aAt + aStride;
    int r2 = aAt + 2 * aStride;
    int r3 = aAt + 3 * aStride;
    int r4 = aAt + 4 * aStride;
    int r5 = aAt + 5 * aStride;
    int r6 = aAt + 6 * aStride;
    int r7 = aAt + 7 * aStride;
    int r8 = aAt + 8 * aStride;
    int r9 = aAt + 9 * aStride;
    int r10 = aAt + 10 * aStride;
    int r11 = aAt + 11 * aStride;
    int r12 = aAt + 12 * aStride;
    int r13 = aAt + 13 * aStride;
    for (int p = 0; p < depth; p++) {
      int at = panelAt + p * PANEL;
      FloatVector left = FloatVector.fromArray(SPECIES, panel, at);
      FloatVector right = FloatVector.fromArray(SPECIES, panel, at + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[r0 + p]);
      x0 = left.fma(v, x0);
      y0 = right.fma(v, y0);
      v = FloatVector.broadcast(SPECIES, a[r1 + p]);
      x1 = left.fma(v, x1);
      y1 = right.fma(v, y1);
      v = FloatVector.broadcast(SPECIES, a[r2 + p]);
      x2 = left.fma(v, x2);
      y2 = right.fma(v, y2);
      v = FloatVector.broadcast(SPECIES, a[r3 + p]);
      x3 = left.fma(v, x3);
      y3 = right.fma(v, y3);
      v = FloatVector.broadcast(SPECIES, a[r4 + p]);
      x4 = left.fma(v, x4);
      y4 = right.fma(v, y4);
      v = FloatVector.broadcast(SPECIES, a[r5 + p]);
      x5 = left.fma(v, x5);
      y5 = right.fma(v, y5);
      v = FloatVector.broadcast(SPECIES, a[r6 + p]);
      x6 = left.fma(v, x6);
      y6 = right.fma(v, y6);
      v = FloatVector.broadcast(SPECIES, a[r7 + p]);
      x7 = left.fma(v, x7);
      y7 = right.fma(v, y7);
      v = FloatVector.broadcast(SPECIES, a[r8 + p]);
      x8 = left.fma(v, x8);
      y8 = right.fma(v, y8);
      v = FloatVector.broadcast(SPECIES, a[r9 + p]);
      x9 = left.fma(v, x9);
      y9 = right.fma(v, y9);
      v = FloatVector.broadcast(SPECIES, a[r10 + p]);
      x10 = left.fma(v, x10);
      y10 = right.fma(v, y10);
      v = FloatVector.broadcast(SPECIES, a[r11 + p]);
      x11 = left.fma(v, x11);
      y11 = right.fma(v, y11);
      v = FloatVector.broadcast(SPECIES, a[r12 + p]);
      x12 = left.fma(v, x12);
      y12 = right.fma(v, y12);
      v = FloatVector.broadcast(SPECIES, a[r13 + p]);
      x13 = left.fma(v, x13);
      y13 = right.fma(v, y13);
    }
    x0.intoArray(tile, tileAt);
    y0.intoArray(tile, tileAt + LANES);
    x1.intoArray(tile, tileAt + 2 * LANES);
    y1.intoArray(tile, tileAt + 3 * LANES);
    x2.intoArray(tile, tileAt + 4 * LANES);
    y2.intoArray(tile, tileAt + 5 * LANES);
    x3.intoArray(tile, tileAt + 6 * LANES);
    y3.intoArray(tile, tileAt + 7 * LANES);
    x4.intoArray(tile, tileAt + 8 * LANES);
    y4.intoArray(tile, tileAt + 9 * LANES);
    x5.intoArray(tile, tileAt + 10 * LANES);
    y5.intoArray(tile, tileAt + 11 * LANES);
    x6.intoArray(tile, tileAt + 12 * LANES);
    y6.intoArray(tile, tileAt + 13 * LANES);
    x7.intoArray(tile, tileAt + 14 * LANES);
    y7.intoArray(tile, tileAt + 15 * LANES);
    x8.intoArray(tile, tileAt + 16 * LANES);
    y8.intoArray(tile, tileAt + 17 * LANES);
    x9.intoArray(tile, tileAt + 18 * LANES);
    y9.intoArray(tile, tileAt + 19 * LANES);
    x10.intoArray(tile, tileAt + 20 * LANES);
    y10.intoArray(tile, tileAt + 21 * LANES);
    x11.intoArray(tile, tileAt + 22 * LANES);
    y11.intoArray(tile, tileAt + 23 * LANES);
    x12.intoArray(tile, tileAt + 24 * LANES);
    y12.intoArray(tile, tileAt + 25 * LANES);
    x13.intoArray(tile, tileAt + 26 * LANES);
    y13.intoArray(tile, tileAt + 27 * LANES);
  }

  /** Writes the product of 6 rows of A and one panel. */
  static void tile6(
      int depth,
      float[] a,
      int aAt,
      int aStride,
      float[] panel,
      int panelAt,
      float[] tile,
      int tileAt) {
    FloatVector x0 = FloatVector.zero(SPECIES);
    FloatVector y0 = FloatVector.zero(SPECIES);
    FloatVector x1 = FloatVector.zero(SPECIES);
    FloatVector y1 = FloatVector.zero(SPECIES);
    FloatVector x2 = FloatVector.zero(SPECIES);
    FloatVector y2 = FloatVector.zero(SPECIES);
    FloatVector x3 = FloatVector.zero(SPECIES);
    FloatVector y3 = FloatVector.zero(SPECIES);
    FloatVector x4 = FloatVector.zero(SPECIES);
    FloatVector y4 = FloatVector.zero(SPECIES);
    FloatVector x5 = FloatVector.zero(SPECIES);
    FloatVector y5 = FloatVector.zero(SPECIES);
    int r0 = aAt;
    int r1 = aAt + aStride;
    int r2 = aAt + 2 * aStride;
    int r3 = aAt + 3 * aStride;
    int r4 = aAt + 4 * aStride;
    int r5 = aAt + 5 * aStride;
    for (int p = 0; p < depth; p++) {
      int at = panelAt + p * PANEL;
      FloatVector left = FloatVector.fromArray(SPECIES, panel, at);
      FloatVector right = FloatVector.fromArray(SPECIES, panel, at + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[r0 + p]);
      x0 = left.fma(v, x0);
      y0 = right.fma(v, y0);
      v = FloatVector.broadcast(SPECIES, a[r1 + p]);
      x1 = left.fma(v, x1);
      y1 = right.fma(v, y1);
      v = FloatVector.broadcast(SPECIES, a[r2 + p]);
      x2 = left.fma(v, x2);
      y2 = right.fma(v, y2);
      v = FloatVector.broadcast(SPECIES, a[r3 + p]);
      x3 = left.fma(v, x3);
      y3 = right.fma(v, y3);
      v = FloatVector.broadcast(SPECIES, a[r4 + p]);
      x4 = left.fma(v, x4);
      y4 = right.fma(v, y4);
      v = FloatVector.broadcast(SPECIES, a[r5 + p]);
      x5 = left.fma(v, x5);
      y5 = right.fma(v, y5);
    }
    x0.intoArray(tile, tileAt);
    y0.intoArray(tile, tileAt + LANES);
    x1.intoArray(tile, tileAt + 2 * LANES);
    y1.intoArray(tile, tileAt + 3 * LANES);
    x2.intoArray(tile, tileAt + 4 * LANES);
    y2.intoArray(tile, tileAt + 5 * LANES);
    x3.intoArray(tile, tileAt + 6 * LANES);
    y3.intoArray(tile, tileAt + 7 * LANES);
    x4.intoArray(tile, tileAt + 8 * LANES);
    y4.intoArray(tile, tileAt + 9 * LANES);
    x5.intoArray(tile, tileAt + 10 * LANES);
    y5.intoArray(tile, tileAt + 11 * LANES);
  }

  /**
   * Writes the product of one row of A and four panels that follow each other: eight chains hide
   * the latency.
   */
  static void rowTile(
      int depth, float[] a, int aAt, float[] panels, int panelsAt, float[] tile, int tileAt) {
    int next = depth * PANEL;
    FloatVector x0 = FloatVector.zero(SPECIES);
    FloatVector y0 = FloatVector.zero(SPECIES);
    FloatVector x1 = FloatVector.zero(SPECIES);
    FloatVector y1 = FloatVector.zero(SPECIES);
    FloatVector x2 = FloatVector.zero(SPECIES);
    FloatVector y2 = FloatVector.zero(SPECIES);
    FloatVector x3 = FloatVector.zero(SPECIES);
    FloatVector y3 = FloatVector.zero(SPECIES);
    for (int p = 0; p < depth; p++) {
      FloatVector v = FloatVector.broadcast(SPECIES, a[aAt + p]);
      int at = panelsAt + p * PANEL;
      x0 = FloatVector.fromArray(SPECIES, panels, at).fma(v, x0);
      y0 = FloatVector.fromArray(SPECIES, panels, at + LANES).fma(v, y0);
      at += next;
      x1 = FloatVector.fromArray(SPECIES, panels, at).fma(v, x1);
      y1 = FloatVector.fromArray(SPECIES, panels, at + LANES).fma(v, y1);
      at += next;
      x2 = FloatVector.fromArray(SPECIES, panels, at).fma(v, x2);
      y2 = FloatVector.fromArray(SPECIES, panels, at + LANES).fma(v, y2);
      at += next;
      x3 = FloatVector.fromArray(SPECIES, panels, at).fma(v, x3);
      y3 = FloatVector.fromArray(SPECIES, panels, at + LANES).fma(v, y3);
    }
    x0.intoArray(tile, tileAt);
    y0.intoArray(tile, tileAt + LANES);
    x1.intoArray(tile, tileAt + 2 * LANES);
    y1.intoArray(tile, tileAt + 3 * LANES);
    x2.intoArray(tile, tileAt + 4 * LANES);
    y2.intoArray(tile, tileAt + 5 * LANES);
    x3.intoArray(tile, tileAt + 6 * LANES);
    y3.intoArray(tile, tileAt + 7 * LANES);
  }
}
