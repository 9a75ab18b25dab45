package mechinterp.tokenizer;

/**
 * Puts text in front, unless there is nothing to put it in front of.
 *
 * @param prefix what stands in front
 */
record Prefix(String prefix) implements Normalizer {
  @Override
  public AlignedText apply(AlignedText text) {
    return text.length() == 0 ? text : text.prepended(prefix, 0, text.length());
  }
}
