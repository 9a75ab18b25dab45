package mechinterp.analysis;

/**
 * A token on which a latent is strongly active.
 *
 * @param row the token's row in the store
 * @param document the number of its document
 * @param activation the latent's activation
 */
public record Peak(int row, int document, float activation) {}
