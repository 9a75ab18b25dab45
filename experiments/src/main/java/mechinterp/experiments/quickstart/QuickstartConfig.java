package mechinterp.experiments.quickstart;

import mechinterp.activation.Normalization;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.experiments.text.TextSettings;
import mechinterp.training.TrainConfig;

/**
 * All settings of a quickstart: the content of {@code configs/quickstart.json}.
 *
 * @param model the language model or sentence encoder
 * @param hook where its activations are taken
 * @param text what it reads
 * @param harvest how much of it
 * @param sae the autoencoder
 * @param normalizeActivations what activations are multiplied with while training
 * @param train how it is trained
 * @param report what the report shows
 */
public record QuickstartConfig(
    String model,
    String hook,
    TextSettings text,
    Harvest harvest,
    SaeSettings sae,
    Normalization.Method normalizeActivations,
    TrainConfig train,
    Shown report) {

  /**
   * How much is read.
   *
   * @param trainTokens most tokens to train on
   * @param heldOutTokens most tokens to measure on
   * @param maxContext most tokens that the model sees at once, special ones included
   */
  public record Harvest(int trainTokens, int heldOutTokens, int maxContext) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Harvest {
      requirePositive("train_tokens", trainTokens);
      requirePositive("held_out_tokens", heldOutTokens);
      requirePositive("max_context", maxContext);
    }
  }

  /**
   * What the report shows.
   *
   * @param features how many latents
   * @param topContexts how many contexts of each
   * @param splicedTexts held-out documents that the model reads with reconstructions spliced in
   */
  public record Shown(int features, int topContexts, int splicedTexts) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException with the JSON field's name
     */
    public Shown {
      requirePositive("features", features);
      requirePositive("top_contexts", topContexts);
      requirePositive("spliced_texts", splicedTexts);
    }
  }

  /** Returns what to train and how. */
  public TrainSettings training() {
    return new TrainSettings(sae, normalizeActivations, train);
  }

  private static void requirePositive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least 1".formatted(field, value));
    }
  }
}
