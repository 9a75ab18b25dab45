package mechinterp.sae.objective;

/**
 * The loss that brings dead latents of kinds with ReLU back (ghost gradients: Jermyn and Templeton
 * 2024, "Ghost Grads: An improvement on resampling", Anthropic's update of January 2024). With r =
 * x - x^, held fixed, and the pre-activations z of the dead latents alone:
 *
 * <pre>
 *   g[t] = s[t] sum over the dead latents i of exp(z[t, i]) W_dec[i]
 *   s[t] such that |g[t]| = |r[t]| / 2
 *   loss = weight m sum |r - g|^2 / V</pre>
 *
 * with V as in the reconstruction's loss. The scales s and m are constants of the gradient.
 *
 * @param weight of the loss
 * @param rescale what m is
 */
public record GhostGradientsConfig(double weight, Rescale rescale) {
  /** By what the loss is brought to the size of the reconstruction's. */
  public enum Rescale {
    /** One number: m = sum |r|^2 / sum |r - g|^2, so that both losses are equal (the paper). */
    BATCH,
    /** One for each number: r^2 / ((r - g)^2 + 1e-6) (SAELens 3). */
    ENTRY
  }

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public GhostGradientsConfig {
    if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "ghost_gradients.weight: is %s; it must be positive and finite".formatted(weight));
    }
  }

  /**
   * Returns weight 1 and SAELens' scales: in short runs on known features hardly a latent stayed
   * dead with them, and more did with the paper's than without any.
   */
  public static GhostGradientsConfig defaults() {
    return new GhostGradientsConfig(1, Rescale.ENTRY);
  }
}
