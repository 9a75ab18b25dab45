package mechinterp.sae.objective;

import java.util.function.ToDoubleFunction;
import mechinterp.kernel.PenaltyShape;
import mechinterp.sae.AnnealingConfig;

/**
 * A penalty whose exponent p falls over the run ({@link AnnealingConfig}), by one part at a time.
 * When p changes, the penalty is multiplied with its mean with the old p over its mean with the new
 * one, over the last ten batches: its size goes on without a jump (dictionary_learning's {@code
 * p_anneal.py}).
 */
final class Annealing {
  private static final int BATCHES = 10;
  private static final int STEP = 0;
  private static final int CHANGES = 1;
  private static final int SINCE_CHANGE = 2;
  private static final int LOGARITHM = 3;
  private static final int SUMS = 4;

  private final AnnealingConfig config;
  private final int steps;

  /**
   * Steps, changes of p, batches since the last one, logarithm of the multiplier, and of the last
   * batches the sums with p and with the next p.
   */
  private final long[] state = new long[SUMS + 2 * BATCHES];

  Annealing(AnnealingConfig config, int steps) {
    this.config = config;
    this.steps = steps;
  }

  /**
   * Goes on to the next batch.
   *
   * @param penalty returns the batch's penalty
   */
  void next(ToDoubleFunction<PenaltyShape> penalty) {
    if (config.updatesAt((double) state[STEP] / steps) > state[CHANGES]) {
      change();
    }
    if (state[CHANGES] < config.updates()) {
      int at = SUMS + 2 * (int) (state[SINCE_CHANGE] % BATCHES);
      state[at] = Double.doubleToRawLongBits(penalty.applyAsDouble(shape()));
      state[at + 1] = Double.doubleToRawLongBits(penalty.applyAsDouble(shapeAfter(1)));
    }
    state[SINCE_CHANGE]++;
    state[STEP]++;
  }

  private void change() {
    double before = 0;
    double after = 0;
    for (int i = 0; i < Math.min(BATCHES, state[SINCE_CHANGE]); i++) {
      before += Double.longBitsToDouble(state[SUMS + 2 * i]);
      after += Double.longBitsToDouble(state[SUMS + 2 * i + 1]);
    }
    if (before > 0 && after > 0) {
      double logarithm = Double.longBitsToDouble(state[LOGARITHM]) + StrictMath.log(before / after);
      state[LOGARITHM] = Double.doubleToRawLongBits(logarithm);
    }
    state[CHANGES]++;
    state[SINCE_CHANGE] = 0;
  }

  /** Returns the present penalty. */
  PenaltyShape shape() {
    return shapeAfter(0);
  }

  private PenaltyShape shapeAfter(int more) {
    return config.shapeAfter((int) state[CHANGES] + more);
  }

  /** Returns what the penalty is multiplied with. */
  double multiplier() {
    return StrictMath.exp(Double.longBitsToDouble(state[LOGARITHM]));
  }

  /** Returns what the next batch's penalty depends on; see {@link SaeObjective#numbers}. */
  long[] state() {
    return state;
  }
}
