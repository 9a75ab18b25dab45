package mechinterp.experiments.megabench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What every autoencoder must be better than, or cannot be. Each is a TopK autoencoder. */
public enum Baseline {
  /**
   * As many latents of random directions, the encoder the transposed decoder times the one gain
   * that gives the least squared error.
   */
  RANDOM,
  /** The principal components, each with both signs: the k with the largest share in a token. */
  PCA,
  /**
   * The model's own neurons: the k of a token that are farthest from their means, up or down, while
   * the others have their means; of MLP hook points alone.
   */
  NEURONS,
  /** The activations' own coordinates with both signs, all of them: nothing is lost. */
  RAW;

  /** Returns its name in files and tables. */
  public String field() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the baseline of a name; nothing where a name is not one's. */
  static Optional<Baseline> of(String kind) {
    return Arrays.stream(values()).filter(each -> each.field().equals(kind)).findFirst();
  }

  /** Returns whether its number of latents is that of the grid and not twice the width. */
  boolean isAsWideAsTheGrid() {
    return this == RANDOM;
  }

  /** Returns whether k of its latents are active and not all. */
  boolean hasK() {
    return this != RAW;
  }
}
