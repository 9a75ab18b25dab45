package mechinterp.model;

/**
 * How a model is loaded.
 *
 * @param trainable whether the weights can be changed: they are then held twice, as parameters with
 *     gradients and as the copies that products read
 * @param offline whether models of the hub are taken only from the cache; {@code HF_HUB_OFFLINE}
 *     asks for that too
 * @param listener who hears what is done
 */
public record LoadOptions(boolean trainable, boolean offline, LoadListener listener) {
  /** Makes options that nobody hears of, with the hub where it is needed. */
  public LoadOptions(boolean trainable) {
    this(trainable, false, _ -> {});
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
    return new LoadOptions(trainable, offline, heard);
  }

  /** Returns these options with or without the hub. */
  public LoadOptions withOffline(boolean only) {
    return new LoadOptions(trainable, only, listener);
  }
}
