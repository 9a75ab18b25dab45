package mechinterp.circuits;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.random.RandomStream;
import mechinterp.tokenizer.Tokenizer;

/**
 * The tasks that come with the program, made for a tokenizer: of all prompts only those whose twins
 * have as many tokens and whose answers are single tokens.
 *
 * <p>Sources: induction, Olsson et al. 2022 (arXiv:2209.11895); subject-verb agreement, Linzen et
 * al. 2016 and Marks et al. 2024 (arXiv:2403.19647); gendered pronouns, Mathwin et al. 2023; IOI,
 * Wang et al. 2022 (arXiv:2211.00593), with the twin of Zhang and Nanda 2023 (arXiv:2309.16042)
 * that names the other person; greater-than, Hanna et al. 2023 (arXiv:2305.00586).
 */
public enum TaskTemplate {
  /**
   * Random words, then the first ones again: the next is the one that followed. The twin has
   * another word at the place that the answer is copied from.
   */
  INDUCTION,
  /** {@code The questions} and {@code is} or {@code are}; the twin has the other number. */
  AGREEMENT,
  /** {@code The woman said that} and {@code she} or {@code he}; the twin has the other gender. */
  PRONOUNS,
  /**
   * {@code When John and Mary went to the house, Mary gave a letter to} and {@code John} or {@code
   * Mary}; in the twin John gives.
   */
  IOI,
  /**
   * {@code The war lasted from the year 1732 to the year 17} and a later or an earlier year; in the
   * twin the war begins in 1701 or 1700.
   */
  GREATER_THAN;

  /** Returns the name that files and the command line use, such as {@code greater-than}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns the template of a name, if there is one. */
  public static Optional<TaskTemplate> of(String label) {
    return Stream.of(values()).filter(template -> template.label().equals(label)).findFirst();
  }

  /** Returns the names of all templates, with commas between. */
  public static String labels() {
    return Stream.of(values()).map(TaskTemplate::label).collect(Collectors.joining(", "));
  }

  /** A prompt, its twin and the two next words as texts. */
  record Prompt(String clean, String corrupt, String answer, String wrong) {}

  /**
   * Returns examples for a tokenizer, in an order that the seed draws.
   *
   * @param tokenizer of the model that will read them; prompts begin with its begin-of-text token,
   *     if it has one
   * @param count the most examples
   * @param seed of the order
   * @throws IllegalArgumentException when the tokenizer leaves no prompt, or it makes no text
   */
  public CircuitTask examples(Tokenizer tokenizer, int count, long seed) {
    if (count < 1) {
      throw new IllegalArgumentException("examples: is %d; it must be at least 1".formatted(count));
    }
    RandomStream random = RandomStream.of(seed, label());
    List<CircuitExample> all =
        switch (this) {
          case INDUCTION -> InductionPrompts.of(tokenizer, count, random);
          case AGREEMENT -> fitting(PromptWords.agreement(), tokenizer, random);
          case PRONOUNS -> fitting(PromptWords.pronouns(), tokenizer, random);
          case IOI -> fitting(PromptWords.indirectObjects(), tokenizer, random);
          case GREATER_THAN -> years(tokenizer, random);
        };
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          "task %s: no prompt's answers are single tokens of this tokenizer; choose another task or give a file"
              .formatted(label()));
    }
    return new CircuitTask(label(), all).first(count);
  }

  /** Years by their last two digits, or by one digit where the tokenizer cuts digits apart. */
  private static List<CircuitExample> years(Tokenizer tokenizer, RandomStream random) {
    Map<List<Integer>, CircuitExample> ofPrompt = new LinkedHashMap<>();
    fitting(PromptWords.years(), tokenizer, random)
        .forEach(example -> ofPrompt.putIfAbsent(example.clean(), example));
    return ofPrompt.isEmpty()
        ? fitting(PromptWords.decades(), tokenizer, random)
        : List.copyOf(ofPrompt.values());
  }

  private static List<CircuitExample> fitting(
      List<Prompt> prompts, Tokenizer tokenizer, RandomStream random) {
    return IntStream.of(random.permutation(prompts.size()))
        .mapToObj(prompts::get)
        .flatMap(prompt -> example(prompt, tokenizer).stream())
        .toList();
  }

  /** Returns the tokens of a prompt, unless they do not fit each other. */
  static Optional<CircuitExample> example(Prompt prompt, Tokenizer tokenizer) {
    List<Integer> clean = ids(prompt.clean(), tokenizer);
    List<Integer> corrupt = ids(prompt.corrupt(), tokenizer);
    List<Integer> answer = next(prompt.clean(), prompt.answer(), tokenizer);
    List<Integer> wrong = next(prompt.clean(), prompt.wrong(), tokenizer);
    boolean fits =
        clean.size() == corrupt.size()
            && answer.size() == 1
            && wrong.size() == 1
            && !answer.equals(wrong)
            && next(prompt.corrupt(), prompt.answer(), tokenizer).equals(answer)
            && !clean.equals(corrupt);
    return fits
        ? Optional.of(new CircuitExample(clean, corrupt, answer.getFirst(), wrong.getFirst()))
        : Optional.empty();
  }

  private static List<Integer> ids(String text, Tokenizer tokenizer) {
    return IntStream.of(tokenizer.encodeFromBos(text, Integer.MAX_VALUE)).boxed().toList();
  }

  /** Returns the tokens that the continuation adds; none where it changes those before. */
  private static List<Integer> next(String prompt, String continuation, Tokenizer tokenizer) {
    List<Integer> before = ids(prompt, tokenizer);
    List<Integer> whole = ids(prompt + continuation, tokenizer);
    boolean isLonger = whole.size() > before.size();
    return isLonger && whole.subList(0, before.size()).equals(before)
        ? whole.subList(before.size(), whole.size())
        : List.of();
  }
}
