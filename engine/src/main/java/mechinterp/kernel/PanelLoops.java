package mechinterp.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Loops over panels [n, {@link Tiles#PANEL}]: attention holds its queries, scores and results
 * transposed, so that a lane is a query and what belongs to a key lies in one row. A panel is at
 * once the right factor of a tile and, read along its rows, a left factor.
 */
final class PanelLoops {
  private static final int LANES = Tiles.LANES;
  private static final int PANEL = Tiles.PANEL;

  private PanelLoops() {}

  /** Returns how many rows {@link #product} writes or reads at most for {@code rows} rows. */
  static int padded(int rows) {
    return rows + Tiles.HIGH;
  }

  /** panel [length, PANEL] = factor times the transpose of rows; lanes without a row are 0. */
  static void fill(float[] panel, float[] from, int[] places, int length, float factor) {
    if (places.length < PANEL) {
      Arrays.fill(panel, 0, length * PANEL, 0);
    }
    Transposition.transpose(from, places, 0, places.length, 0, length, panel, 0, PANEL);
    if (factor != 1) {
      RowLoops.scale(panel, 0, panel, 0, length * PANEL, factor);
    }
  }

  /**
   * out [rows, PANEL] = a [rows, depth] times a panel [depth, PANEL]. Rows of a and out up to
   * {@link #padded} must exist.
   */
  static void product(
      int rows, int depth, float[] a, int aAt, int aStride, float[] panel, float[] out) {
    int height;
    for (int row = 0; row < rows; row += height) {
      height = height(rows - row);
      Tiles.tile(height, depth, a, aAt + row * aStride, aStride, panel, 0, out, row * PANEL);
    }
  }

  private static int height(int rows) {
    return rows > 2 * Tiles.LOW ? Tiles.HIGH : Tiles.LOW;
  }

  /**
   * sums [rows, PANEL] += a [rows, depth] times a panel [depth, PANEL], where a is itself a panel.
   */
  static void addProduct(
      int rows,
      int depth,
      float[] a,
      float[] panel,
      int panelAt,
      float[] tile,
      float[] sums,
      int sumsAt) {
    int height;
    for (int row = 0; row < rows; row += height) {
      height = height(rows - row);
      Tiles.tile(height, depth, a, row * PANEL, PANEL, panel, panelAt, tile, 0);
      int at = sumsAt + row * PANEL;
      int length = Math.min(height, rows - row) * PANEL;
      RowLoops.addScaled(sums, at, sums, at, tile, 0, length, 1);
    }
  }

  /**
   * Scores of keys that a lane does not see become -infinity.
   *
   * @param first for each lane the first key that it sees, counted from row 0
   * @param end for each lane the key behind the last one
   * @param from first row
   * @param to row behind the last one
   */
  static void mask(float[] scores, float[] first, float[] end, int from, int to) {
    for (int lane = 0; lane < PANEL; lane += LANES) {
      FloatVector firsts = FloatVector.fromArray(Tiles.SPECIES, first, lane);
      FloatVector ends = FloatVector.fromArray(Tiles.SPECIES, end, lane);
      for (int key = from; key < to; key++) {
        VectorMask<Float> seen =
            firsts
                .compare(VectorOperators.LE, (float) key)
                .and(ends.compare(VectorOperators.GT, (float) key));
        FloatVector.broadcast(Tiles.SPECIES, Float.NEGATIVE_INFINITY)
            .blend(FloatVector.fromArray(Tiles.SPECIES, scores, key * PANEL + lane), seen)
            .intoArray(scores, key * PANEL + lane);
      }
    }
  }

  /** scores = exp(scores - max) by lanes; sums = their sums, key after key. */
  static void exponentials(float[] scores, int keys, float[] sums) {
    max(scores, keys, sums);
    for (int lane = 0; lane < PANEL; lane += LANES) {
      exponentials(scores, lane, keys * PANEL, sums);
    }
  }

  private static void max(float[] scores, int keys, float[] max) {
    FloatVector left = FloatVector.broadcast(Tiles.SPECIES, Float.NEGATIVE_INFINITY);
    FloatVector right = left;
    for (int at = 0; at < keys * PANEL; at += PANEL) {
      FloatVector score = FloatVector.fromArray(Tiles.SPECIES, scores, at);
      left = left.blend(score, score.compare(VectorOperators.GT, left));
      score = FloatVector.fromArray(Tiles.SPECIES, scores, at + LANES);
      right = right.blend(score, score.compare(VectorOperators.GT, right));
    }
    left.intoArray(max, 0);
    right.intoArray(max, LANES);
  }

  /** One exponential in a loop: the compiler does not inline a second one. */
  private static void exponentials(float[] scores, int lane, int end, float[] maxThenSums) {
    FloatVector max = FloatVector.fromArray(Tiles.SPECIES, maxThenSums, lane);
    FloatVector sum = FloatVector.zero(Tiles.SPECIES);
    for (int at = lane; at < end; at += PANEL) {
      FloatVector power = VectorMath.exp(FloatVector.fromArray(Tiles.SPECIES, scores, at).sub(max));
      power.intoArray(scores, at);
      sum = sum.add(power);
    }
    sum.intoArray(maxThenSums, lane);
  }

  /** Each row of x is divided by the sums, lane by lane: times 1 / sum. */
  static void divide(float[] x, int rows, float[] sums) {
    for (int lane = 0; lane < PANEL; lane += LANES) {
      FloatVector factor =
          FloatVector.broadcast(Tiles.SPECIES, 1f)
              .div(FloatVector.fromArray(Tiles.SPECIES, sums, lane));
      for (int at = lane; at < rows * PANEL; at += PANEL) {
        FloatVector.fromArray(Tiles.SPECIES, x, at).mul(factor).intoArray(x, at);
      }
    }
  }

  /** d = y (d - sum over the rows of d y), lane by lane: the gradient of a softmax. */
  static void softmaxBackward(float[] d, float[] y, int rows) {
    for (int lane = 0; lane < PANEL; lane += LANES) {
      FloatVector mean = FloatVector.zero(Tiles.SPECIES);
      for (int at = lane; at < rows * PANEL; at += PANEL) {
        mean =
            FloatVector.fromArray(Tiles.SPECIES, d, at)
                .fma(FloatVector.fromArray(Tiles.SPECIES, y, at), mean);
      }
      for (int at = lane; at < rows * PANEL; at += PANEL) {
        FloatVector.fromArray(Tiles.SPECIES, d, at)
            .sub(mean)
            .mul(FloatVector.fromArray(Tiles.SPECIES, y, at))
            .intoArray(d, at);
      }
    }
  }

  /** d = 0 where a score is -infinity. */
  static void clearMasked(float[] d, float[] scores, int rows) {
    for (int at = 0; at < rows * PANEL; at += LANES) {
      VectorMask<Float> masked =
          FloatVector.fromArray(Tiles.SPECIES, scores, at)
              .compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY);
      FloatVector.fromArray(Tiles.SPECIES, d, at).blend(0f, masked).intoArray(d, at);
    }
  }

  /** Writes rows of a tile to rows of out. */
  static void store(float[] tile, int tileAt, int rows, float[] out, int outAt, int outStride) {
    for (int row = 0; row < rows; row++) {
      int from = tileAt + row * PANEL;
      int to = outAt + row * outStride;
      FloatVector.fromArray(Tiles.SPECIES, tile, from).intoArray(out, to);
      FloatVector.fromArray(Tiles.SPECIES, tile, from + LANES).intoArray(out, to + LANES);
    }
  }

  /** Adds rows of a tile to rows of out. */
  static void add(float[] tile, int tileAt, int rows, float[] out, int outAt, int outStride) {
    for (int row = 0; row < rows; row++) {
      int from = tileAt + row * PANEL;
      int to = outAt + row * outStride;
      FloatVector.fromArray(Tiles.SPECIES, out, to)
          .add(FloatVector.fromArray(Tiles.SPECIES, tile, from))
          .intoArray(out, to);
      FloatVector.fromArray(Tiles.SPECIES, out, to + LANES)
          .add(FloatVector.fromArray(Tiles.SPECIES, tile, from + LANES))
          .intoArray(out, to + LANES);
    }
  }
}
