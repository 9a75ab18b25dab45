package mechinterp.tokenizer;

/** Takes the words of a text in order. */
interface WordListener {
  /** Takes chars {@code from} to {@code to - 1}, at least one. */
  void word(AlignedText text, int from, int to);
}
