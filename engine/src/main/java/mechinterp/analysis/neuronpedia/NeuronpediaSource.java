package mechinterp.analysis.neuronpedia;

import java.time.Instant;

/**
 * An autoencoder as Neuronpedia knows it.
 *
 * @param model the model's id, such as {@code gpt2-small}
 * @param layer the block
 * @param set what autoencoders of all layers of the kind are called, such as {@code res-jb}
 * @param hook the hook point
 * @param text the name of the text
 * @param contexts how many contexts were looked at
 * @param contextTokens how many tokens each has at most
 * @param createdAt when the analysis was made
 */
public record NeuronpediaSource(
    String model,
    int layer,
    String set,
    String hook,
    String text,
    int contexts,
    int contextTokens,
    Instant createdAt) {
  /**
   * Checks that model and set can be folders.
   *
   * @throws IllegalArgumentException naming the one that cannot
   */
  public NeuronpediaSource {
    requireName("model", model);
    requireName("set", set);
  }

  private static void requireName(String field, String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException(
          "%s: is \"%s\"; it must have letters, digits, points, - and _ only"
              .formatted(field, name));
    }
  }

  /** Returns layer and set: what Neuronpedia calls the source, or in its features the layer. */
  public String id() {
    return layer + "-" + set;
  }
}
