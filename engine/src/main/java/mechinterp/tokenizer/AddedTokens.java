package mechinterp.tokenizer;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Cuts added tokens out of raw text: the leftmost one first, the longest of those that begin at the
 * same place.
 */
final class AddedTokens {
  /** Takes the parts of a text in order. */
  interface PartListener {
    /** Takes text without added tokens. */
    void text(int from, int to);

    /** Takes an added token. */
    void token(int id, int from, int to);
  }

  private final List<AddedToken> longestFirst;

  AddedTokens(List<AddedToken> tokens) {
    longestFirst =
        tokens.stream()
            .sorted(Comparator.comparingInt((AddedToken token) -> -token.content().length()))
            .toList();
  }

  void split(String text, PartListener parts) {
    int textStart = 0;
    int at = 0;
    while (at < text.length()) {
      Optional<AddedToken> found = tokenAt(text, at);
      if (found.isEmpty()) {
        at++;
        continue;
      }
      AddedToken token = found.get();
      int end = at + token.content().length();
      if (stands(token, text, at, end)) {
        int from = token.lstrip() ? spaceStart(text, at, textStart) : at;
        int to = token.rstrip() ? spaceEnd(text, end) : end;
        giveText(textStart, from, parts);
        parts.token(token.id(), from, to);
        textStart = to;
        end = to;
      }
      at = end;
    }
    giveText(textStart, text.length(), parts);
  }

  private Optional<AddedToken> tokenAt(String text, int at) {
    for (AddedToken token : longestFirst) {
      if (text.startsWith(token.content(), at)) {
        return Optional.of(token);
      }
    }
    return Optional.empty();
  }

  private static boolean stands(AddedToken token, String text, int from, int to) {
    return !token.singleWord()
        || ((from == 0 || !CharacterClass.isWord(text.codePointBefore(from)))
            && (to == text.length() || !CharacterClass.isWord(text.codePointAt(to))));
  }

  private static int spaceStart(String text, int from, int limit) {
    int start = from;
    while (start > limit && CharacterClass.isWhitespace(text.codePointBefore(start))) {
      start -= Character.charCount(text.codePointBefore(start));
    }
    return start;
  }

  private static int spaceEnd(String text, int to) {
    int end = to;
    while (end < text.length() && CharacterClass.isWhitespace(text.codePointAt(end))) {
      end += Character.charCount(text.codePointAt(end));
    }
    return end;
  }

  private static void giveText(int from, int to, PartListener parts) {
    if (from < to) {
      parts.text(from, to);
    }
  }
}
