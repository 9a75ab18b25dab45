package mechinterp.sae;

import java.util.Optional;

/**
 * The auxiliary loss that revives dead latents (AuxK, Gao et al. 2024, A.2): the k_aux dead latents
 * with the largest pre-activations of a token reconstruct what the live ones left over, e = x - x^,
 * which is held fixed:
 *
 * <pre>  alpha scale sum |e - e^|^2 / normalizer,   e^ = TopK_{k_aux}(relu(z_dead)) W_dec</pre>
 *
 * @param alpha weight of the loss; 0 switches it off
 * @param kAux latents per token; empty for half of d_in, but at most 512 and at most d_sae
 * @param deadAfterTokens a latent is dead when it was not active on any of the last this many
 *     tokens, the present batch included
 * @param normalizer what the squared error is divided by
 * @param scale a further factor
 * @param decoderBias whether e^ has b_dec
 */
public record AuxKConfig(
    double alpha,
    Optional<Integer> kAux,
    long deadAfterTokens,
    AuxNormalizer normalizer,
    AuxScale scale,
    AuxDecoderBias decoderBias) {
  private static final int LARGEST_DEFAULT = 512;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public AuxKConfig {
    if (!(alpha >= 0 && alpha < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("alpha: is %s; it must be at least 0".formatted(alpha));
    }
    if (kAux.isPresent() && kAux.get() < 1) {
      throw new IllegalArgumentException(
          "k_aux: is %d; it must be at least 1".formatted(kAux.get()));
    }
    if (deadAfterTokens < 1) {
      throw new IllegalArgumentException(
          "dead_after_tokens: is %d; it must be at least 1".formatted(deadAfterTokens));
    }
  }

  /**
   * Returns alpha 1/32, k_aux from d_in, dead after 10 million tokens (Gao et al. 2024), the scale
   * min(dead / k_aux, 1), b_dec excluded.
   */
  public static AuxKConfig defaults() {
    return new AuxKConfig(
        1.0 / 32,
        Optional.empty(),
        10_000_000,
        AuxNormalizer.SAME_AS_LOSS,
        AuxScale.DEAD_SHARE,
        AuxDecoderBias.EXCLUDED);
  }

  /** Returns these settings with another weight. */
  public AuxKConfig withAlpha(double value) {
    return new AuxKConfig(value, kAux, deadAfterTokens, normalizer, scale, decoderBias);
  }

  /** Returns these settings with this number of latents per token. */
  public AuxKConfig withKAux(int value) {
    return new AuxKConfig(
        alpha, Optional.of(value), deadAfterTokens, normalizer, scale, decoderBias);
  }

  /** Returns these settings with another time until a latent counts as dead. */
  public AuxKConfig withDeadAfterTokens(long value) {
    return new AuxKConfig(alpha, kAux, value, normalizer, scale, decoderBias);
  }

  /** Returns these settings with another normaliser. */
  public AuxKConfig withNormalizer(AuxNormalizer value) {
    return new AuxKConfig(alpha, kAux, deadAfterTokens, value, scale, decoderBias);
  }

  /** Returns these settings with another factor. */
  public AuxKConfig withScale(AuxScale value) {
    return new AuxKConfig(alpha, kAux, deadAfterTokens, normalizer, value, decoderBias);
  }

  /** Returns these settings with or without b_dec. */
  public AuxKConfig withDecoderBias(AuxDecoderBias value) {
    return new AuxKConfig(alpha, kAux, deadAfterTokens, normalizer, scale, value);
  }

  /**
   * Returns k_aux for an autoencoder of these sizes.
   *
   * @throws IllegalArgumentException when it was set and is more than d_sae
   */
  public int kAux(int dIn, int dSae) {
    int value = kAux.orElse(Math.clamp(dIn / 2, 1, Math.min(LARGEST_DEFAULT, dSae)));
    if (value > dSae) {
      throw new IllegalArgumentException(
          "k_aux: is %d, d_sae is %d; k_aux must be at most d_sae".formatted(value, dSae));
    }
    return value;
  }
}
