package mechinterp.tokenizer;

/** What becomes of the parts of a text that a split finds. */
enum SplitBehavior {
  /** They go. */
  REMOVED,
  /** Each is a word. */
  ISOLATED,
  /** Each belongs to the word before it. */
  MERGED_WITH_PREVIOUS,
  /** Each belongs to the word behind it. */
  MERGED_WITH_NEXT,
  /** Neighbours among them are one word. */
  CONTIGUOUS
}
