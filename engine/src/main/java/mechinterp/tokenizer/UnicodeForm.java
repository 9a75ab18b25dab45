package mechinterp.tokenizer;

import java.text.Normalizer.Form;

/**
 * A normalization form of Unicode (UAX 15), by the tables of the JDK.
 *
 * @param form NFC, NFD, NFKC or NFKD
 */
record UnicodeForm(Form form) implements Normalizer {
  /** No character below this one combines with what stands before it. */
  private static final int FIRST_COMBINING = 0x300;

  @Override
  public AlignedText apply(AlignedText text) {
    if (java.text.Normalizer.isNormalized(text.text(), form)) {
      return text;
    }
    AlignedText.Builder out = new AlignedText.Builder(text.length());
    int at = 0;
    while (at < text.length()) {
      int end = clusterEnd(text.text(), at);
      out.append(normalized(text.text().substring(at, end)), text.start(at), text.end(end - 1));
      at = end;
    }
    AlignedText result = out.build();
    String whole = normalized(text.text());
    return result.text().equals(whole) ? result : coarse(text, whole);
  }

  private String normalized(String text) {
    return java.text.Normalizer.normalize(text, form);
  }

  /** Characters that work together across clusters: all of the text is the place of each. */
  private static AlignedText coarse(AlignedText text, String whole) {
    AlignedText.Builder out = new AlignedText.Builder(whole.length());
    out.append(whole, text.start(0), text.end(text.length() - 1));
    return out.build();
  }

  private static int clusterEnd(String text, int from) {
    int end = from + Character.charCount(text.codePointAt(from));
    while (end < text.length() && mayCombine(text.codePointAt(end))) {
      end += Character.charCount(text.codePointAt(end));
    }
    return end;
  }

  private static boolean mayCombine(int codePoint) {
    return codePoint >= FIRST_COMBINING
        && (CharacterClass.isMark(codePoint)
            || Character.UnicodeBlock.HANGUL_JAMO.equals(Character.UnicodeBlock.of(codePoint)));
  }
}
