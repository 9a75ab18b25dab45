package mechinterp.analysis;

/**
 * A token on which a latent is active.
 *
 * @param latent the latent's number
 * @param peak the token
 */
public record LatentPeak(int latent, Peak peak) {}
