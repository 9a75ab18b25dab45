package mechinterp.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words, numbers, strings and punctuation marks of a PTX file, read from the front. */
final class Tokens {
  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<blank>\\s+|//[^\\n]*|/\\*(?s:.*?)\\*/)"
              + "|(?<token>[A-Za-z0-9_$%.]+(?:::[A-Za-z0-9_.]+)*|\"[^\"\\n]*\"|[\\[\\]{}()<>,;:+!|=@-])");

  private final String module;
  private final List<String> tokens = new ArrayList<>();
  private final List<Integer> lines = new ArrayList<>();
  private int next;

  Tokens(String module, String text) {
    this.module = module;
    Matcher matcher = TOKEN.matcher(text);
    int line = 1;
    int at = 0;
    while (at < text.length()) {
      if (!matcher.find(at) || matcher.start() != at) {
        throw new PtxException(module, line, "unexpected character '" + text.charAt(at) + "'");
      }
      if (matcher.group("token") != null) {
        tokens.add(matcher.group());
        lines.add(line);
      }
      line += (int) matcher.group().chars().filter(c -> c == '\n').count();
      at = matcher.end();
    }
  }

  boolean isEmpty() {
    return next == tokens.size();
  }

  /** The line of the next token, or of the last one at the end. */
  int line() {
    return tokens.isEmpty() ? 1 : lines.get(Math.min(next, tokens.size() - 1));
  }

  String peek() {
    return isEmpty() ? "" : tokens.get(next);
  }

  /** The token after the next one. */
  String peekSecond() {
    return next + 1 < tokens.size() ? tokens.get(next + 1) : "";
  }

  String take() {
    if (isEmpty()) {
      throw new PtxException(module, line(), "the file ends in the middle of a statement");
    }
    return tokens.get(next++);
  }

  boolean takeIf(String expected) {
    boolean there = peek().equals(expected);
    next += there ? 1 : 0;
    return there;
  }

  void expect(String expected) {
    if (!takeIf(expected)) {
      throw new PtxException(module, line(), "'" + peek() + "' where '" + expected + "' should be");
    }
  }

  long takeInteger() {
    boolean negative = takeIf("-");
    int line = line();
    long value = integer(take(), line);
    return negative ? -value : value;
  }

  private long integer(String token, int line) {
    String digits = token.endsWith("U") ? token.substring(0, token.length() - 1) : token;
    try {
      return digits.startsWith("0x")
          ? Long.parseUnsignedLong(digits.substring(2), 16)
          : Long.parseUnsignedLong(digits);
    } catch (NumberFormatException notANumber) {
      throw new PtxException(module, line, "'" + token + "' where a number should be");
    }
  }

  /** Takes what is left of the line of the token that was taken last. */
  List<String> takeLine() {
    int line = lines.get(next - 1);
    int from = next;
    while (next < tokens.size() && lines.get(next) == line) {
      next++;
    }
    return tokens.subList(from, next);
  }

  /** Takes everything up to the brace that closes the next one. */
  void skipBraces() {
    expect("{");
    for (int depth = 1; depth > 0; ) {
      String token = take();
      depth += token.equals("{") ? 1 : token.equals("}") ? -1 : 0;
    }
  }
}
