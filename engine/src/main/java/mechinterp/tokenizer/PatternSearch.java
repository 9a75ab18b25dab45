package mechinterp.tokenizer;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Looks through a text for a regular expression, which a file may have brought in and which may
 * take exponential time or a stack as deep as the text is long.
 */
final class PatternSearch {
  private static final long LEAST_STEPS = 100_000_000;

  /** Those of the tokenizers in use take about three. */
  private static final long STEPS_PER_CHAR = 1000;

  private final Pattern pattern;
  private final int length;
  private final Matcher matcher;

  PatternSearch(Pattern pattern, String text) {
    this.pattern = pattern;
    this.length = text.length();
    this.matcher = pattern.matcher(new Counted(text));
  }

  /** Looks between these places only, as if there were nothing else. */
  PatternSearch within(int from, int to) {
    matcher.region(from, to);
    return this;
  }

  /**
   * Goes on to the next place.
   *
   * @throws IllegalArgumentException when the expression takes too many steps or too deep a stack
   */
  boolean find() {
    try {
      return matcher.find();
    } catch (OutOfSteps | StackOverflowError e) {
      throw new IllegalArgumentException(
          "tokenizer: the regular expression \"%s\" cannot be followed through a text of %d chars; it takes too many steps"
              .formatted(shown(pattern.pattern()), length),
          e);
    }
  }

  private static String shown(String expression) {
    return expression.length() <= 40 ? expression : expression.substring(0, 40) + "...";
  }

  int start() {
    return matcher.start();
  }

  int end() {
    return matcher.end();
  }

  private static final class OutOfSteps extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A text that may be looked at so many times. */
  private static final class Counted implements CharSequence {
    private final String text;
    private long steps;

    Counted(String text) {
      this.text = text;
      this.steps = LEAST_STEPS + STEPS_PER_CHAR * text.length();
    }

    @Override
    public char charAt(int index) {
      steps--;
      if (steps < 0) {
        throw new OutOfSteps();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
