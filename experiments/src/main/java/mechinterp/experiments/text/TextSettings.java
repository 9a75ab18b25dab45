package mechinterp.experiments.text;

/**
 * What is read. At least one of the sources must be there.
 *
 * @param europarl whether the English part of Europarl is read, a document a day
 * @param wordnetFraction which share of WordNet's entries is read, a document each
 * @param heldOutFraction which share of the documents is not trained on
 * @param seed of the choice of entries, the order of documents and the split
 */
public record TextSettings(
    boolean europarl, double wordnetFraction, double heldOutFraction, long seed) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public TextSettings {
    requireFraction("wordnet_fraction", wordnetFraction);
    requireFraction("held_out_fraction", heldOutFraction);
    if (!europarl && wordnetFraction == 0) {
      throw new IllegalArgumentException(
          "text: europarl is false, wordnet_fraction is 0; there must be a text");
    }
  }

  private static void requireFraction(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie within 0 to 1".formatted(field, value));
    }
  }
}
