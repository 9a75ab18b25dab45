package mechinterp.analysis;

/**
 * A latent near another one.
 *
 * @param latent its number
 * @param cosine of the two decoder rows
 */
public record Neighbour(int latent, float cosine) {}
