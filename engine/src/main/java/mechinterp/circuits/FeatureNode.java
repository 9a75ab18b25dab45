package mechinterp.circuits;

import java.util.OptionalInt;
import mechinterp.model.HookPoint;

/**
 * A latent, or what an autoencoder's latents leave over of an activation: its error.
 *
 * @param hook where the autoencoder is
 * @param latent its number; empty for the error
 * @param position the one place that is meant, from 0 on; empty for all
 */
public record FeatureNode(HookPoint hook, OptionalInt latent, OptionalInt position) {
  /** Returns a latent at all positions. */
  public static FeatureNode latent(HookPoint hook, int latent) {
    return new FeatureNode(hook, OptionalInt.of(latent), OptionalInt.empty());
  }

  /** Returns an error at all positions. */
  public static FeatureNode error(HookPoint hook) {
    return new FeatureNode(hook, OptionalInt.empty(), OptionalInt.empty());
  }

  /** Returns the same at one position. */
  public FeatureNode at(int place) {
    return new FeatureNode(hook, latent, OptionalInt.of(place));
  }

  /** Returns whether it is an error. */
  public boolean isError() {
    return latent.isEmpty();
  }

  /**
   * Returns the name that files use, such as {@code blocks.3.hook_resid_post/latent 7} or {@code
   * blocks.3.hook_mlp_out/error}, with {@code @} and the position where there is one.
   */
  public String name() {
    String part = latent.isPresent() ? "latent " + latent.getAsInt() : "error";
    String whole = hook + "/" + part;
    return position.isPresent() ? whole + "@" + position.getAsInt() : whole;
  }
}
