package mechinterp.analysis;

/**
 * A latent near another one.
 *
 * @param latent its number
 * @param cosine of the two rows, of the decoder or the encoder
 */
public record Neighbour(int latent, float cosine) {}
