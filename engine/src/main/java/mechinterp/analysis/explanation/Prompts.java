package mechinterp.analysis.explanation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import mechinterp.io.chat.ChatMessage;
import mechinterp.io.chat.ChatMessage.Role;

/**
 * The questions to a judge, with examples of good answers. Their form is that of <a
 * href="https://arxiv.org/abs/2410.13928">Paulo, Mallen, Juang and Belrose 2024</a>; the words are
 * our own.
 */
final class Prompts {
  private static final int MOST_LISTED = 10;
  private static final int SCALE = 10;

  private static final String EXPLAIN =
      """
      You study what a part of a language model reacts to. You get excerpts of text. The tokens on \
      which it is strongly active stand between << and >>; below each excerpt they are listed with \
      their strength from 1 to 10.

      Say in one short sentence what the marked tokens, or the text right before them, have in \
      common. Be specific: prefer "the word 'of' in names of offices" to "prepositions". Do not \
      list examples, do not give alternatives, and do not mention the marks. The last line of your \
      answer must be

      [EXPLANATION]: your sentence
      """;
  private static final String EXPLAIN_USER =
      """
      Excerpt 0: The lake is deep<<er>> than the pond.
      Strengths: ("er", 9)
      Excerpt 1: and a fast<<er>> way to get there, she
      Strengths: ("er", 10)
      Excerpt 2: grew tall<<er>> and wid<<er>> every
      Strengths: ("er", 7), ("er", 8)
      """;
  private static final String EXPLAIN_ANSWER =
      "[EXPLANATION]: The ending \"er\" of adjectives that compare sizes or speeds.";

  private static final String DETECT =
      """
      You get an explanation of a pattern in text, and numbered excerpts. Decide of each excerpt \
      whether the pattern occurs in it. Answer only with a list that has a 1 for each excerpt in \
      which it occurs and a 0 for each other one, in the order of the excerpts.
      """;
  private static final String DETECT_USER =
      """
      Explanation: Names of months.

      Excerpt 0: the meeting was moved to October because
      Excerpt 1: he may come tomorrow or
      Excerpt 2: since last June, prices have
      """;
  private static final String DETECT_ANSWER = "[1, 0, 1]";

  private static final String FUZZ =
      """
      You get an explanation of a pattern in text, and numbered excerpts with some tokens between \
      << and >>. Decide of each excerpt whether the marked tokens are those that the explanation \
      speaks of; all marks of an excerpt must be right. All, some or none of the excerpts may be \
      right. Answer only with a list that has a 1 for each excerpt whose marks are right and a 0 \
      for each other one, in the order of the excerpts.
      """;
  private static final String FUZZ_USER =
      """
      Explanation: Names of months.

      Excerpt 0: the meeting was<< moved>> to October because
      Excerpt 1: it snowed in<< February>> and
      Excerpt 2: since<< last>> June,<< prices>> have
      """;
  private static final String FUZZ_ANSWER = "[0, 1, 0]";

  private static final String INTRUDER =
      """
      You get numbered excerpts of text with some tokens between << and >>. In all of them but one \
      the marked tokens, or the text right before them, share a pattern. Find the one that does not \
      belong to the others. The last line of your answer must be

      [RESPONSE]: its number
      """;
  private static final String INTRUDER_USER =
      """
      Excerpt 0: it rained in<< March>> and
      Excerpt 1: before<< September>>, when
      Excerpt 2: the key is<< under>> the mat
      Excerpt 3: on a warm<< May>> evening
      """;
  private static final String INTRUDER_ANSWER = "[RESPONSE]: 2";

  private Prompts() {}

  static List<ChatMessage> explain(LatentExamples examples, double markFrom) {
    StringJoiner lines = new StringJoiner("\n");
    for (int i = 0; i < examples.shown().size(); i++) {
      Excerpt excerpt = examples.shown().get(i);
      lines.add("Excerpt %d: %s".formatted(i, excerpt.marked(excerpt.strong(markFrom))));
      lines.add("Strengths: " + strengths(excerpt, markFrom, examples.max()));
    }
    return messages(EXPLAIN, EXPLAIN_USER, EXPLAIN_ANSWER, lines.toString());
  }

  private static String strengths(Excerpt excerpt, double markFrom, double max) {
    List<String> listed = new ArrayList<>();
    excerpt.strong(markFrom).stream()
        .limit(MOST_LISTED)
        .forEach(i ->
            listed.add(
                String.format(
                    Locale.ROOT,
                    "(\"%s\", %d)",
                    excerpt.tokens().get(i),
                    (int) Math.ceil(SCALE * excerpt.activations().get(i) / max))));
    return String.join(", ", listed);
  }

  static List<ChatMessage> detect(String explanation, List<String> excerpts) {
    return messages(DETECT, DETECT_USER, DETECT_ANSWER, question(explanation, excerpts));
  }

  static List<ChatMessage> fuzz(String explanation, List<String> excerpts) {
    return messages(FUZZ, FUZZ_USER, FUZZ_ANSWER, question(explanation, excerpts));
  }

  static List<ChatMessage> intruder(List<String> excerpts) {
    return messages(INTRUDER, INTRUDER_USER, INTRUDER_ANSWER, numbered(excerpts));
  }

  private static String question(String explanation, List<String> excerpts) {
    return "Explanation: %s\n\n%s".formatted(explanation, numbered(excerpts));
  }

  private static String numbered(List<String> excerpts) {
    StringJoiner lines = new StringJoiner("\n");
    for (int i = 0; i < excerpts.size(); i++) {
      lines.add("Excerpt %d: %s".formatted(i, excerpts.get(i)));
    }
    return lines.toString();
  }

  private static List<ChatMessage> messages(
      String system, String sample, String answer, String question) {
    return List.of(
        new ChatMessage(Role.SYSTEM, system),
        new ChatMessage(Role.USER, sample),
        new ChatMessage(Role.ASSISTANT, answer),
        new ChatMessage(Role.USER, question));
  }
}
