package mechinterp.sae.objective;

import java.util.List;
import mechinterp.sae.Prefix;

/**
 * How much the reconstructions of prefixes weigh from step to step. With s = (step - 1) / steps,
 * the share of the steps that are done, and weights w_1 to w_P:
 *
 * <pre>
 *   fade        = max(0, (s - nestedFraction) / (1 - nestedFraction))
 *   weight_p(s) = (1 - fade) w_p                                for all but the last prefix
 *   weight_P(s) = w_P + fade (w_1 + .. + w_(P-1))</pre>
 *
 * so that their sum stays, and at the end the whole dictionary alone is asked to reconstruct.
 *
 * @param prefixes the prefixes with their first weights
 * @param nestedFraction share of the steps in which they stay; 1 for always
 * @param steps of the run
 */
record PrefixWeights(List<Prefix> prefixes, double nestedFraction, int steps) {
  /** Returns weights that stay. */
  static PrefixWeights constant(List<Prefix> prefixes) {
    return new PrefixWeights(prefixes, 1, 1);
  }

  /** Returns the weights at a step, counted from 1. */
  double[] at(int step) {
    double done = (step - 1.0) / steps;
    double fade = done > nestedFraction ? (done - nestedFraction) / (1 - nestedFraction) : 0;
    double[] weights = new double[prefixes.size()];
    int last = weights.length - 1;
    weights[last] = prefixes.get(last).weight();
    for (int p = 0; p < last; p++) {
      double weight = prefixes.get(p).weight();
      weights[p] = (1 - fade) * weight;
      weights[last] += fade * weight;
    }
    return weights;
  }
}
