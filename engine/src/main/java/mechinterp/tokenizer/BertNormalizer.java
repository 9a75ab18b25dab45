package mechinterp.tokenizer;

import java.text.Normalizer.Form;

/**
 * BERT's normalisation: cleaning, spaces around Chinese characters, accents stripped, lower case,
 * in this order. Each character is normalised by itself, which gives what normalising the whole
 * text gives, because stripping removes the marks that canonical ordering would move.
 *
 * @param cleanText whether control characters are dropped and white space becomes a space
 * @param handleChineseChars whether Chinese characters become words of their own
 * @param stripAccents whether text is decomposed (NFD) and non-spacing marks are dropped
 * @param lowercase whether text becomes lower case
 */
record BertNormalizer(
    boolean cleanText, boolean handleChineseChars, boolean stripAccents, boolean lowercase)
    implements Normalizer {

  @Override
  public AlignedText apply(AlignedText text) {
    AlignedText.Builder out = new AlignedText.Builder(text.length());
    int at = 0;
    while (at < text.length()) {
      int codePoint = text.text().codePointAt(at);
      int end = at + Character.charCount(codePoint);
      normalize(codePoint, text.start(at), text.end(end - 1), out);
      at = end;
    }
    return out.build();
  }

  private void normalize(int codePoint, int start, int end, AlignedText.Builder out) {
    if (cleanText && CharacterClass.isDropped(codePoint)) {
      return;
    }
    if (cleanText && CharacterClass.isWhitespace(codePoint)) {
      out.append(' ', start, end);
    } else if (handleChineseChars && CharacterClass.isChinese(codePoint)) {
      out.append(' ', start, end);
      fold(codePoint, start, end, out);
      out.append(' ', start, end);
    } else {
      fold(codePoint, start, end, out);
    }
  }

  private void fold(int codePoint, int start, int end, AlignedText.Builder out) {
    if (codePoint < 0x80) {
      out.append(lowercase ? Character.toLowerCase(codePoint) : codePoint, start, end);
      return;
    }
    String folded = Character.toString(codePoint);
    if (stripAccents) {
      folded = withoutAccents(folded);
    }
    folded.codePoints().forEach(c -> appendCased(c, start, end, out));
  }

  private static String withoutAccents(String text) {
    StringBuilder kept = new StringBuilder();
    java.text.Normalizer.normalize(text, Form.NFD)
        .codePoints()
        .filter(c -> !CharacterClass.isNonSpacingMark(c))
        .forEach(kept::appendCodePoint);
    return kept.toString();
  }

  private void appendCased(int codePoint, int start, int end, AlignedText.Builder out) {
    if (lowercase) {
      out.append(Lowercase.of(codePoint), start, end);
    } else {
      out.append(codePoint, start, end);
    }
  }
}
