package mechinterp.activation;

import java.util.Optional;

/**
 * How activations are streamed from a model into training.
 *
 * @param bufferTokens tokens that are mixed with each other
 * @param normalization what scale activations get; it is computed from the first buffer
 * @param maxActivationNorm activations longer than this multiple of the first buffer's median norm
 *     are left out
 * @param seed of the order
 */
public record StreamConfig(
    int bufferTokens,
    Normalization.Method normalization,
    Optional<Double> maxActivationNorm,
    long seed) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public StreamConfig {
    if (bufferTokens < 2) {
      throw new IllegalArgumentException(
          "buffer_tokens: is %d; it must be at least 2".formatted(bufferTokens));
    }
    maxActivationNorm.ifPresent(OutlierLimit::requireMultiple);
  }
}
