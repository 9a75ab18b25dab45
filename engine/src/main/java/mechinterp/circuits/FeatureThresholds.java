package mechinterp.circuits;

/**
 * What is left out of a sparse feature circuit.
 *
 * @param node least size of a node's mean effect
 * @param edge least size of an edge's mean effect
 */
public record FeatureThresholds(double node, double edge) {
  private static final double NODE = 0.1;
  private static final double EDGE = 0.01;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException when one is negative or no number
   */
  public FeatureThresholds {
    requireThreshold("node_threshold", node);
    requireThreshold("edge_threshold", edge);
  }

  /** Returns .1 and .01, those of Marks et al. 2024. */
  public static FeatureThresholds defaults() {
    return new FeatureThresholds(NODE, EDGE);
  }

  private static void requireThreshold(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be finite and not negative".formatted(name, value));
    }
  }
}
