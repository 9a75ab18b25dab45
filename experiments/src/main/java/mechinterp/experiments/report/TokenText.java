package mechinterp.experiments.report;

import java.util.Set;

/** How tokens of a vocabulary are written side by side. */
public final class TokenText {
  private static final String CONTINUATION = "##";
  private static final Set<String> NO_SPACE_BEFORE =
      Set.of(".", ",", ";", ":", "!", "?", ")", "]", "'", "’", "”", "%", "-", "/");
  private static final Set<String> NO_SPACE_AFTER = Set.of("(", "[", "'", "’", "“", "-", "/");

  private TokenText() {}

  /** Returns a token without the vocabulary's mark for a continued word. */
  public static String of(String token) {
    boolean continued = token.startsWith(CONTINUATION) && token.length() > CONTINUATION.length();
    return continued ? token.substring(CONTINUATION.length()) : token;
  }

  /** Returns whether a space belongs between two tokens. */
  public static boolean isSpaceBetween(String before, String token) {
    return !token.startsWith(CONTINUATION)
        && !NO_SPACE_BEFORE.contains(token)
        && !NO_SPACE_AFTER.contains(before);
  }
}
