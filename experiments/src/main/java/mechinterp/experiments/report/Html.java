package mechinterp.experiments.report;

import java.util.Locale;

/** Text and numbers as HTML. */
public final class Html {
  private Html() {}

  /**
   * Returns {@code text} so that it reads the same inside an element and inside a quoted attribute.
   * Characters that XML forbids become the replacement character.
   */
  public static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(character -> {
          switch (character) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            default -> escaped.appendCodePoint(isAllowed(character) ? character : 0xFFFD);
          }
        });
    return escaped.toString();
  }

  private static boolean isAllowed(int character) {
    boolean control = character < 0x20 && character != '\t' && character != '\n';
    boolean loneSurrogate =
        character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
    return !control && !loneSurrogate && character != 0xFFFE && character != 0xFFFF;
  }

  /**
   * Returns a number with at most {@code digits} digits after the point and no zeros at its end.
   */
  public static String number(double value, int digits) {
    String text = String.format(Locale.ROOT, "%." + digits + "f", value);
    String trimmed = text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    return trimmed.equals("-0") ? "0" : trimmed;
  }
}
