package mechinterp.tokenizer;

import java.util.regex.Matcher;

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
    Matcher matcher = pattern.in(text.text());
    AlignedText.Builder out = new AlignedText.Builder(text.length());
    int done = 0;
    while (matcher.find()) {
      out.append(text, done, matcher.start());
      if (matcher.start() < matcher.end()) {
        out.append(content, text.start(matcher.start()), text.end(matcher.end() - 1));
      }
      done = matcher.end();
    }
    out.append(text, done, text.length());
    return out.build();
  }

  /** Returns a text without places, exchanged. */
  String apply(String text) {
    return pattern.in(text).replaceAll(Matcher.quoteReplacement(content));
  }
}
