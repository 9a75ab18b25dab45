package mechinterp.circuits.graph;

/**
 * Influence on its way from targets to sources: a target hands its own on in proportion to the
 * sizes of its inputs,
 *
 * <pre>  influence[s] += influence of target |effect of s| / sum of all |effects|</pre>
 *
 * With targets in the order against computation this is the sum over all paths from the logits, p A
 * + p A^2 + ..., of the matrix A of sizes with rows that sum to 1.
 */
final class InfluenceFlow {
  private final double[] influence;

  InfluenceFlow(int sources) {
    influence = new double[sources];
  }

  double influence(int source) {
    return influence[source];
  }

  double[] all() {
    return influence.clone();
  }

  void spread(float[] effects, double own) {
    double sum = size(effects);
    if (sum > 0 && own > 0) {
      for (int s = 0; s < effects.length; s++) {
        influence[s] += own * Math.abs(effects[s]) / sum;
      }
    }
  }

  /** Returns the sum of the sizes. */
  static double size(float[] effects) {
    double sum = 0;
    for (float effect : effects) {
      sum += Math.abs(effect);
    }
    return sum;
  }
}
