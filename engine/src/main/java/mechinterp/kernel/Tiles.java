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
 * vectors the 16 registers of a 256-bit one.
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

  private static final FloatVector ZERO = FloatVector.zero(SPECIES);

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
      float[] tile) {
    if (rows == 14) {
      tile14(depth, a, aAt, aStride, panel, panelAt, tile);
    } else {
      tile6(depth, a, aAt, aStride, panel, panelAt, tile);
    }
  }

  /** Writes the product of 14 rows of A and one panel. */
  static void tile14(
      int depth, float[] a, int aAt, int aStride, float[] panel, int panelAt, float[] tile) {
    FloatVector x0 = ZERO;
    FloatVector y0 = ZERO;
    FloatVector x1 = ZERO;
    FloatVector y1 = ZERO;
    FloatVector x2 = ZERO;
    FloatVector y2 = ZERO;
    FloatVector x3 = ZERO;
    FloatVector y3 = ZERO;
    FloatVector x4 = ZERO;
    FloatVector y4 = ZERO;
    FloatVector x5 = ZERO;
    FloatVector y5 = ZERO;
    FloatVector x6 = ZERO;
    FloatVector y6 = ZERO;
    FloatVector x7 = ZERO;
    FloatVector y7 = ZERO;
    FloatVector x8 = ZERO;
    FloatVector y8 = ZERO;
    FloatVector x9 = ZERO;
    FloatVector y9 = ZERO;
    FloatVector x10 = ZERO;
    FloatVector y10 = ZERO;
    FloatVector x11 = ZERO;
    FloatVector y11 = ZERO;
    FloatVector x12 = ZERO;
    FloatVector y12 = ZERO;
    FloatVector x13 = ZERO;
    FloatVector y13 = ZERO;
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
    store(x0, y0, tile, 0);
    store(x1, y1, tile, PANEL);
    store(x2, y2, tile, 2 * PANEL);
    store(x3, y3, tile, 3 * PANEL);
    store(x4, y4, tile, 4 * PANEL);
    store(x5, y5, tile, 5 * PANEL);
    store(x6, y6, tile, 6 * PANEL);
    store(x7, y7, tile, 7 * PANEL);
    store(x8, y8, tile, 8 * PANEL);
    store(x9, y9, tile, 9 * PANEL);
    store(x10, y10, tile, 10 * PANEL);
    store(x11, y11, tile, 11 * PANEL);
    store(x12, y12, tile, 12 * PANEL);
    store(x13, y13, tile, 13 * PANEL);
  }

  /** Writes the product of 6 rows of A and one panel. */
  static void tile6(
      int depth, float[] a, int aAt, int aStride, float[] panel, int panelAt, float[] tile) {
    FloatVector x0 = ZERO;
    FloatVector y0 = ZERO;
    FloatVector x1 = ZERO;
    FloatVector y1 = ZERO;
    FloatVector x2 = ZERO;
    FloatVector y2 = ZERO;
    FloatVector x3 = ZERO;
    FloatVector y3 = ZERO;
    FloatVector x4 = ZERO;
    FloatVector y4 = ZERO;
    FloatVector x5 = ZERO;
    FloatVector y5 = ZERO;
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
    store(x0, y0, tile, 0);
    store(x1, y1, tile, PANEL);
    store(x2, y2, tile, 2 * PANEL);
    store(x3, y3, tile, 3 * PANEL);
    store(x4, y4, tile, 4 * PANEL);
    store(x5, y5, tile, 5 * PANEL);
  }

  /**
   * Writes the product of one row of A and four panels that follow each other: eight chains hide
   * the latency.
   */
  static void rowTile(int depth, float[] a, int aAt, float[] panels, int panelsAt, float[] tile) {
    int next = depth * PANEL;
    FloatVector x0 = ZERO;
    FloatVector y0 = ZERO;
    FloatVector x1 = ZERO;
    FloatVector y1 = ZERO;
    FloatVector x2 = ZERO;
    FloatVector y2 = ZERO;
    FloatVector x3 = ZERO;
    FloatVector y3 = ZERO;
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
    store(x0, y0, tile, 0);
    store(x1, y1, tile, PANEL);
    store(x2, y2, tile, 2 * PANEL);
    store(x3, y3, tile, 3 * PANEL);
  }

  private static void store(FloatVector left, FloatVector right, float[] tile, int at) {
    left.intoArray(tile, at);
    right.intoArray(tile, at + LANES);
  }
}
