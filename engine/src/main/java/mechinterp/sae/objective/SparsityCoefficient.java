package mechinterp.sae.objective;

import mechinterp.sae.SparsityConfig;

/**
 * The weight lambda of the sparsity loss from step to step. Without {@link SparsityConfig#targetL0}
 * it rises in a straight line to its coefficient and stays. With it, lambda follows from L0: where
 * u, from 0 to 1, is the share of the warm-up that is done,
 *
 * <pre>
 *   goal   = L0 of the first batch ^ (1 - u)  target ^ u
 *   e      = ln(L0 / goal), cut to -1 to 1
 *   s      = s + rate e                              rate = GAIN / steps, at most 0.05
 *   lambda = coefficient exp(s + e)</pre>
 *
 * The sum s finds the weight that the data need, whatever their scale, in about the same share of
 * any run; e itself answers at once, without which the sum would swing, because weights follow
 * lambda with a delay. The goal moves slowly because latents that a large lambda silences before
 * they have learned anything come back slowly or, with ReLU, never.
 */
final class SparsityCoefficient {
  private static final double GAIN = 40;
  private static final double FASTEST = 0.05;
  private static final double LEAST = 1e-3;
  private static final int STEP = 0;
  private static final int SUM = 1;
  private static final int FIRST_L0 = 2;

  private final SparsityConfig config;
  private final double warmUpSteps;
  private final double rate;
  private final long[] state = new long[3];

  SparsityCoefficient(SparsityConfig config, int steps) {
    this.config = config;
    this.warmUpSteps = config.warmUpFraction() * steps;
    this.rate = Math.min(FASTEST, GAIN / steps);
  }

  /** Returns lambda for the next batch, of which L0 is known. */
  double next(double l0) {
    double done = Math.min(1, ++state[STEP] / warmUpSteps);
    if (config.targetL0().isEmpty()) {
      return config.coefficient() * done;
    }
    if (state[STEP] == 1) {
      state[FIRST_L0] = Double.doubleToRawLongBits(Math.max(l0, LEAST));
    }
    double first = StrictMath.log(Double.longBitsToDouble(state[FIRST_L0]));
    double goal = first + done * (StrictMath.log(config.targetL0().get()) - first);
    double wrong = Math.clamp(StrictMath.log(Math.max(l0, LEAST)) - goal, -1, 1);
    double sum = Double.longBitsToDouble(state[SUM]) + rate * wrong;
    state[SUM] = Double.doubleToRawLongBits(sum);
    return config.coefficient() * StrictMath.exp(sum + wrong);
  }

  /** Returns what the next lambda depends on; see {@link SaeObjective#numbers}. */
  long[] state() {
    return state;
  }
}
