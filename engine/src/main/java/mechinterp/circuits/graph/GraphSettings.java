package mechinterp.circuits.graph;

/**
 * How large a graph becomes, and with how much memory.
 *
 * @param maxLogits the most logits
 * @param logitMass the likeliest tokens are taken until their probabilities sum to this
 * @param maxNodes the most latents, those with the largest influence
 * @param maxTokens the most tokens of all copies of the prompt that go back at once
 * @param rowBytes rows of effects beyond this are spilled to a temporary file
 */
public record GraphSettings(
    int maxLogits, double logitMass, int maxNodes, int maxTokens, long rowBytes) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the field's name
   */
  public GraphSettings {
    requirePositive("max_logits", maxLogits);
    requirePositive("max_nodes", maxNodes);
    requirePositive("max_tokens", maxTokens);
    if (!(logitMass > 0 && logitMass <= 1)) {
      throw new IllegalArgumentException(
          "logit_mass: is %s; it must lie above 0 and at most at 1".formatted(logitMass));
    }
    if (rowBytes < 0) {
      throw new IllegalArgumentException(
          "row_bytes: is %d; it must be at least 0".formatted(rowBytes));
    }
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s: is %d; it must be at least 1".formatted(name, value));
    }
  }

  /**
   * Returns at most 10 logits with 95 % of the probability and 7,500 latents, as circuit-tracer, in
   * batches of 4,096 tokens with 512 MiB of rows.
   */
  public static GraphSettings defaults() {
    return new GraphSettings(10, 0.95, 7500, 4096, 512L << 20);
  }

  /** Returns the same with other logits. */
  public GraphSettings withLogits(int most, double mass) {
    return new GraphSettings(most, mass, maxNodes, maxTokens, rowBytes);
  }

  /** Returns the same with another number of latents. */
  public GraphSettings withMaxNodes(int nodes) {
    return new GraphSettings(maxLogits, logitMass, nodes, maxTokens, rowBytes);
  }

  /** Returns the same with another memory. */
  public GraphSettings withMemory(int tokens, long bytesOfRows) {
    return new GraphSettings(maxLogits, logitMass, maxNodes, tokens, bytesOfRows);
  }
}
