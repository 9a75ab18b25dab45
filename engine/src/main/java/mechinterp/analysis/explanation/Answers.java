package mechinterp.analysis.explanation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Reads what judges answer. Many think aloud first, so the last thing that reads well counts. */
final class Answers {
  private static final int LONGEST = 500;
  private static final Pattern EXPLANATION =
      Pattern.compile(
          "\\[EXPLANATION](?:\\*\\*)?:?(?:\\*\\*)?\\s*([^\\n]+)", Pattern.CASE_INSENSITIVE);
  private static final Pattern LIST =
      Pattern.compile(
          "\\[\\s*((?:[01]|true|false)(?:\\s*,\\s*(?:[01]|true|false))*)\\s*,?\\s*]",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern RESPONSE =
      Pattern.compile("\\[RESPONSE]\\W{0,3}:?\\s*\\D{0,12}(\\d{1,3})\\b", Pattern.CASE_INSENSITIVE);
  private static final Pattern BARE_NUMBER = Pattern.compile("\\s*(\\d{1,3})\\s*\\.?\\s*");

  private Answers() {}

  /** Returns what stands behind {@code [EXPLANATION]:}. */
  static Optional<String> explanation(String answer) {
    return EXPLANATION
        .matcher(answer)
        .results()
        .map(found -> found.group(1).replaceAll("\\p{Cntrl}+", " ").strip())
        .filter(text -> !text.isEmpty())
        .reduce((_, last) -> last)
        .map(text -> text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text);
  }

  /** Returns the last list of {@code count} zeros and ones. */
  static Optional<List<Boolean>> verdicts(String answer, int count) {
    return LIST.matcher(answer)
        .results()
        .map(found -> verdicts(found.group(1)))
        .filter(list -> list.size() == count)
        .reduce((_, last) -> last);
  }

  private static List<Boolean> verdicts(String list) {
    List<Boolean> verdicts = new ArrayList<>();
    for (String part : list.split(",", -1)) {
      String verdict = part.strip();
      verdicts.add(verdict.equals("1") || verdict.equalsIgnoreCase("true"));
    }
    return verdicts;
  }

  /** Returns the number behind {@code [RESPONSE]:}, or the whole answer where it is a number. */
  static OptionalInt choice(String answer, int choices) {
    OptionalInt named = last(RESPONSE, answer);
    var bare = BARE_NUMBER.matcher(answer);
    OptionalInt choice =
        named.isEmpty() && bare.matches() ? OptionalInt.of(Integer.parseInt(bare.group(1))) : named;
    return choice.isPresent() && choice.getAsInt() < choices ? choice : OptionalInt.empty();
  }

  private static OptionalInt last(Pattern pattern, String answer) {
    List<MatchResult> found = pattern.matcher(answer).results().toList();
    return found.isEmpty()
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(found.getLast().group(1)));
  }
}
