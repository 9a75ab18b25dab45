package mechinterp.tokenizer;

import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What text is searched for: characters as they stand, or a regular expression of Oniguruma's
 * syntax, as far as {@link Pattern} means the same by it. Classes such as {@code \s} are Unicode's;
 * {@code $} and {@code ^} also stand at line ends.
 */
final class TextPattern {
  private static final int FLAGS =
      Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES | Pattern.MULTILINE;

  private static final int LONGEST = 10_000;
  private static final int DEEPEST = 50;

  /** Letters that both mean the same by behind a backslash. */
  private static final Set<Character> ESCAPES =
      Set.of('s', 'S', 'd', 'D', 'w', 'W', 'p', 'P', 'r', 'n', 't', 'f', 'u', 'x', 'b', 'B', 'A');

  private final String source;
  private final boolean literal;
  private final Pattern pattern;

  private TextPattern(String source, boolean literal, Pattern pattern) {
    this.source = source;
    this.literal = literal;
    this.pattern = pattern;
  }

  static TextPattern literal(String text) {
    return new TextPattern(text, true, Pattern.compile(text, Pattern.LITERAL));
  }

  /**
   * Reads a regular expression.
   *
   * @throws PatternSyntaxException when it is none, or may mean something else in Java
   */
  static TextPattern regex(String source) {
    requireSameMeaning(source);
    return new TextPattern(source, false, Pattern.compile(source, FLAGS));
  }

  private static void requireSameMeaning(String source) {
    if (source.length() > LONGEST) {
      throw new PatternSyntaxException("longer than " + LONGEST, "", -1);
    }
    int depth = 0;
    for (int i = 0; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '\\') {
        requireKnownEscape(source, i);
        i++;
      } else if (c == '(' || c == '[') {
        depth++;
      } else if (c == ')' || c == ']') {
        depth--;
      }
      if (depth > DEEPEST) {
        throw new PatternSyntaxException("nested too deeply", source, i);
      }
      if (source.startsWith("[[:", i) || source.startsWith("(?m", i)) {
        throw new PatternSyntaxException("unsupported syntax", source, i);
      }
    }
  }

  private static void requireKnownEscape(String source, int at) {
    boolean last = at + 1 == source.length();
    char letter = last ? '\\' : source.charAt(at + 1);
    boolean letterOrDigit = letter < 0x80 && Character.isLetterOrDigit(letter);
    if (last || (letterOrDigit && !ESCAPES.contains(letter)) || source.startsWith("p{^", at + 1)) {
      throw new PatternSyntaxException("unsupported escape", source, at);
    }
  }

  /** Returns what was given to make it. */
  String source() {
    return source;
  }

  /** Returns whether it is one char as it stands. */
  boolean isChar() {
    return literal && source.length() == 1;
  }

  PatternSearch in(String text) {
    return new PatternSearch(pattern, text);
  }

  @Override
  public String toString() {
    return (literal ? "text " : "regex ") + source;
  }
}
