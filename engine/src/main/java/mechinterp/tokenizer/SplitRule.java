package mechinterp.tokenizer;

import java.util.List;
import java.util.stream.Stream;
import mechinterp.tokenizer.PreTokenizer.AtPattern;

/** How well-known byte-level tokenizers cut text into words: patterns, one cut after the other. */
public enum SplitRule {
  /** GPT-2, Pythia. */
  GPT2(Patterns.GPT2),
  /** SmolLM and StarCoder: each digit by itself, then as GPT-2. */
  SMOLLM("\\p{N}", Patterns.GPT2),
  /** Llama 3 and GPT-4: numbers in threes, line breaks with the signs before them. */
  LLAMA3(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
  /** Qwen 2, 2.5 and 3: as Llama 3 with each digit by itself. */
  QWEN2(
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private static final class Patterns {
    static final String GPT2 =
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  }

  @SuppressWarnings("ImmutableEnumChecker") // List.of
  private final List<String> patterns;

  SplitRule(String... patterns) {
    this.patterns = List.of(patterns);
  }

  /** Returns the regular expressions; each finds the words that it isolates. */
  public List<String> patterns() {
    return patterns;
  }

  List<PreTokenizer> steps() {
    return isolating(patterns);
  }

  static List<PreTokenizer> isolating(List<String> patterns) {
    return patterns.stream().flatMap(SplitRule::isolating).toList();
  }

  private static Stream<PreTokenizer> isolating(String pattern) {
    return Stream.of(new AtPattern(TextPattern.regex(pattern), SplitBehavior.ISOLATED, false));
  }
}
