package mechinterp.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * The sum of a vector's lanes in a fixed order. {@code reduceLanes(ADD)} leaves the order open, and
 * the interpreter and the compiler do choose different ones: the same call would give other bits
 * once it is hot.
 */
final class LaneSum {
  private static final int LANES = Tiles.LANES;
  private static final VectorShuffle<Float> BY_EIGHT = shiftedBy(8);
  private static final VectorShuffle<Float> BY_FOUR = shiftedBy(4);
  private static final VectorShuffle<Float> BY_TWO = shiftedBy(2);
  private static final VectorShuffle<Float> BY_ONE = shiftedBy(1);

  private LaneSum() {}

  private static VectorShuffle<Float> shiftedBy(int lanes) {
    return VectorShuffle.fromOp(Tiles.SPECIES, lane -> (lane + lanes) % LANES);
  }

  /** Returns the sum of the lanes: halves are added until one lane is left. */
  static float of(FloatVector v) {
    FloatVector sums = v;
    if (LANES >= 16) {
      sums = sums.add(sums.rearrange(BY_EIGHT));
    }
    if (LANES >= 8) {
      sums = sums.add(sums.rearrange(BY_FOUR));
    }
    if (LANES >= 4) {
      sums = sums.add(sums.rearrange(BY_TWO));
    }
    return sums.add(sums.rearrange(BY_ONE)).lane(0);
  }
}
