package mechinterp.analysis;

/**
 * How a latent behaves on all tokens.
 *
 * @param latent its number
 * @param activeTokens tokens on which it is active
 * @param density their share of all tokens
 * @param meanActivation mean of its activation over them; 0 when there are none
 * @param maxActivation its largest activation; 0 when it is never active
 * @param encoderDecoderCosine cosine of its encoder and its decoder direction
 */
public record LatentProfile(
    int latent,
    long activeTokens,
    double density,
    double meanActivation,
    double maxActivation,
    double encoderDecoderCosine) {}
