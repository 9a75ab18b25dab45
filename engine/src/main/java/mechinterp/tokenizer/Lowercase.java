package mechinterp.tokenizer;

import java.util.Locale;

/** Letters become lower case, each by itself. */
record Lowercase() implements Normalizer {
  @Override
  public AlignedText apply(AlignedText text) {
    AlignedText.Builder out = new AlignedText.Builder(text.length());
    int at = 0;
    while (at < text.length()) {
      int codePoint = text.text().codePointAt(at);
      int end = at + Character.charCount(codePoint);
      out.append(of(codePoint), text.start(at), text.end(end - 1));
      at = end;
    }
    return out.build();
  }

  /** Returns a character in lower case, which may be more than one. */
  static String of(int codePoint) {
    return Character.toString(codePoint).toLowerCase(Locale.ROOT);
  }
}
