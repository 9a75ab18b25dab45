package mechinterp.model;

/**
 * How a model is loaded.
 *
 * @param trainable whether the weights can be changed: they are then held twice, as parameters with
 *     gradients and as the copies that products read
 */
public record LoadOptions(boolean trainable) {
  /** Returns the options for reading a model's activations: weights cannot be changed. */
  public static LoadOptions frozen() {
    return new LoadOptions(false);
  }
}
