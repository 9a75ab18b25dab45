package mechinterp.io.hub;

import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which files of a repository are meant, by patterns as those of Python's {@code fnmatch}: {@code
 * *} stands for any characters, slashes too, {@code ?} for one, {@code [abc]} and {@code [!abc]}
 * for one of a set or of none. A pattern that ends in a slash means all that is in the folder.
 */
final class FilePatterns implements Predicate<String> {
  private final List<Pattern> patterns;

  FilePatterns(List<String> patterns) {
    this.patterns = patterns.stream().map(FilePatterns::compile).toList();
  }

  @Override
  public boolean test(String path) {
    return patterns.stream().anyMatch(pattern -> pattern.matcher(path).matches());
  }

  private static Pattern compile(String pattern) {
    String whole = pattern.endsWith("/") ? pattern + "*" : pattern;
    StringBuilder regex = new StringBuilder();
    int at = 0;
    while (at < whole.length()) {
      char c = whole.charAt(at);
      int setEnd = c == '[' ? endOfSet(whole, at) : -1;
      if (setEnd > 0) {
        regex.append(set(whole.substring(at + 1, setEnd)));
        at = setEnd + 1;
      } else {
        regex.append(
            switch (c) {
              case '*' -> ".*";
              case '?' -> ".";
              default -> Pattern.quote(String.valueOf(c));
            });
        at++;
      }
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL);
  }

  /** A ] right at the beginning belongs to the set. */
  private static int endOfSet(String pattern, int begin) {
    int first = pattern.startsWith("[!", begin) ? begin + 2 : begin + 1;
    return pattern.indexOf(']', first + 1);
  }

  private static String set(String content) {
    boolean none = content.startsWith("!");
    String characters = none ? content.substring(1) : content;
    String escaped = characters.replaceAll("([\\\\\\[\\]^&])", "\\\\$1");
    return "[" + (none ? "^" : "") + escaped + "]";
  }
}
