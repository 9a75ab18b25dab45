package mechinterp.model;

/**
 * How a model is loaded.
 *
 * @param trainable whether the weights can be changed: they are then held twice, as parameters with
 *     gradients and as the copies that products read
 * @param listener who hears what is done
 */
public record LoadOptions(boolean trainable, LoadListener listener) {
  /** Makes options that nobody hears of. */
  public LoadOptions(boolean trainable) {
    this(trainable, plan -> {});
  }

  /** Returns the options for reading a model's activations: weights cannot be changed. */
  public static LoadOptions frozen() {
    return new LoadOptions(false);
  }

  /** Returns the options for training: weights can be changed. */
  public static LoadOptions training() {
    return new LoadOptions(true);
  }

  /** Returns these options with a listener. */
  public LoadOptions with(LoadListener heard) {
    return new LoadOptions(trainable, heard);
  }
}
