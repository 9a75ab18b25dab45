package mechinterp.experiments.run;

import java.util.Optional;
import mechinterp.activation.Normalization;

/**
 * In which order and scale activations are trained on.
 *
 * @param normalizeActivations what they are multiplied with
 * @param maxActivationNorm those longer than this multiple of the median norm are left out
 * @param bufferTokens tokens that are mixed with each other when they are streamed
 * @param seed of the order
 * @param wholeSequences whether a model streams whole sequences in the order of the text
 */
public record DataSettings(
    Normalization.Method normalizeActivations,
    Optional<Double> maxActivationNorm,
    Optional<Integer> bufferTokens,
    long seed,
    boolean wholeSequences) {
  private static final int DEFAULT_BUFFER_TOKENS = 1 << 16;

  /**
   * Returns the buffer of a stream of which so many tokens are trained on: 65,536 tokens, or as
   * many as are trained on where those are fewer, unless the settings name another number.
   */
  static Optional<Integer> streamed(Optional<Integer> bufferTokens, long tokens) {
    return bufferTokens.or(() -> Optional.of(Math.clamp(tokens, 2, DEFAULT_BUFFER_TOKENS)));
  }

  /**
   * Checks settings for activations that are stored.
   *
   * @throws IllegalArgumentException when they name a buffer, which has no effect
   */
  static void requireNoBuffer(Optional<Integer> bufferTokens) {
    if (bufferTokens.isPresent()) {
      throw new IllegalArgumentException(
          "buffer_tokens: is %d, but the activations are stored, where all are mixed; leave it out"
              .formatted(bufferTokens.get()));
    }
  }
}
