package mechinterp.tokenizer;

/**
 * Exchanges what a pattern finds.
 *
 * @param pattern what is looked for
 * @param content what takes its place
 */
record Replacement(TextPattern pattern, String content) implements Normalizer {
  @Override
  public AlignedText apply(AlignedText text) {
    if (pattern.isChar() && content.length() == 1) {
      return text.replaced(pattern.source().charAt(0), content.charAt(0));
    }
    PatternSearch found = pattern.in(text.text());
    AlignedText.Builder out = new AlignedText.Builder(text.length());
    int done = 0;
    while (found.find()) {
      out.append(text, done, found.start());
      if (found.start() < found.end()) {
        out.append(content, text.start(found.start()), text.end(found.end() - 1));
      }
      done = found.end();
    }
    out.append(text, done, text.length());
    return out.build();
  }

  /** Returns a text without places, exchanged. */
  String apply(String text) {
    PatternSearch found = pattern.in(text);
    StringBuilder out = new StringBuilder(text.length());
    int done = 0;
    while (found.find()) {
      out.append(text, done, found.start()).append(content);
      done = found.end();
    }
    return out.append(text, done, text.length()).toString();
  }
}
