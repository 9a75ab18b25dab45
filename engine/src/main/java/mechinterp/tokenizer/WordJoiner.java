package mechinterp.tokenizer;

/** Makes words of the parts of a text, found ones and those between, as a behaviour says. */
final class WordJoiner {
  private final SplitBehavior behavior;
  private final AlignedText text;
  private final WordListener words;

  /** The word that may still grow. */
  private int from;

  private int to;
  private boolean found;

  WordJoiner(SplitBehavior behavior, AlignedText text, int from, WordListener words) {
    this.behavior = behavior;
    this.text = text;
    this.words = words;
    this.from = from;
    this.to = from;
  }

  /** Takes the next part, which may be empty. */
  void part(int partFrom, int partTo, boolean partFound) {
    boolean joined =
        switch (behavior) {
          case REMOVED, ISOLATED -> false;
          case MERGED_WITH_PREVIOUS -> partFound && !found;
          case MERGED_WITH_NEXT -> found && !partFound;
          case CONTIGUOUS -> found == partFound;
        };
    if (!joined) {
      end();
      from = partFrom;
    }
    to = partTo;
    found = partFound;
  }

  /** Gives the last word. */
  void end() {
    if (from < to && !(found && behavior == SplitBehavior.REMOVED)) {
      words.word(text, from, to);
    }
  }
}
