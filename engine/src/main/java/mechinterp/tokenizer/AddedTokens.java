package mechinterp.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Cuts added tokens out of text: the leftmost one first, the longest of those that begin at the
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

  /** Tokens by their first char, the longest first. */
  private final Map<Character, List<AddedToken>> byFirst = new HashMap<>();

  private final BitSet firsts = new BitSet();

  AddedTokens(List<AddedToken> tokens) {
    tokens.stream()
        .filter(token -> !token.content().isEmpty())
        .sorted(Comparator.comparingInt((AddedToken token) -> -token.content().length()))
        .forEach(this::add);
  }

  private void add(AddedToken token) {
    char first = token.content().charAt(0);
    firsts.set(first);
    byFirst.computeIfAbsent(first, _ -> new ArrayList<>()).add(token);
  }

  void split(String text, PartListener parts) {
    int textStart = 0;
    int at = nextCandidate(text, 0);
    while (at < text.length()) {
      Optional<AddedToken> found = tokenAt(text, at);
      if (found.isEmpty()) {
        at = nextCandidate(text, at + 1);
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
      at = nextCandidate(text, end);
    }
    giveText(textStart, text.length(), parts);
  }

  private int nextCandidate(String text, int from) {
    if (firsts.isEmpty()) {
      return text.length();
    }
    int at = from;
    while (at < text.length() && !firsts.get(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private Optional<AddedToken> tokenAt(String text, int at) {
    for (AddedToken token : byFirst.getOrDefault(text.charAt(at), List.of())) {
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
    while (start > limit && CharacterClass.isWhitespace(text.charAt(start - 1))) {
      start--;
    }
    return start;
  }

  private static int spaceEnd(String text, int to) {
    int end = to;
    while (end < text.length() && CharacterClass.isWhitespace(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private static void giveText(int from, int to, PartListener parts) {
    if (from < to) {
      parts.text(from, to);
    }
  }
}
