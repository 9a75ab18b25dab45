package mechinterp.io;

import java.io.IOException;

/**
 * A file's content is not what its format demands. The message is one line: {@code FILE: what was
 * found; what was expected}.
 */
public final class FormatException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_MESSAGE = 1000;

  /**
   * Makes the exception.
   *
   * @param file name of the file as the user knows it
   * @param problem what was found where, and what was expected. Line breaks and other control
   *     characters, which a hostile file can bring in, are shown as {@code \}{@code uXXXX}
   */
  public FormatException(String file, String problem) {
    super(oneLine(file + ": " + problem));
  }

  /** Makes the exception with the failure that showed the problem. */
  public FormatException(String file, String problem, Throwable cause) {
    super(oneLine(file + ": " + problem), cause);
  }

  private static String oneLine(String text) {
    StringBuilder line = new StringBuilder();
    int length = Math.min(text.length(), LONGEST_MESSAGE);
    for (int i = 0; i < length; i++) {
      appendVisible(line, text.charAt(i));
    }
    return text.length() > LONGEST_MESSAGE ? line.append(" ...").toString() : line.toString();
  }

  private static void appendVisible(StringBuilder line, char c) {
    boolean breaksLine = Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
    if (breaksLine) {
      line.append(String.format("\\u%04x", (int) c));
    } else {
      line.append(c);
    }
  }
}
