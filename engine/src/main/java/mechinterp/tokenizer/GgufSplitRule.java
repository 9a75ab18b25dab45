package mechinterp.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What {@code tokenizer.ggml.pre} stands for, as llama.cpp has it ({@code src/llama-vocab.cpp}).
 *
 * @param patterns what cuts text into words, one cut after the other
 * @param ignoreMerges whether a word that is a token is that token
 * @param addBos whether texts begin with BOS unless the file says otherwise
 */
record GgufSplitRule(List<String> patterns, boolean ignoreMerges, boolean addBos) {
  private static final String GPT4O =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String TEKKEN =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String GPT2 = SplitRule.GPT2.patterns().getFirst();

  private static final GgufSplitRule DEFAULT =
      plain(List.of("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"));

  private static final Map<Set<String>, GgufSplitRule> RULES =
      Map.of(
          Set.of("default"),
          DEFAULT,
          Set.of("gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4", "modern-bert"),
          plain(SplitRule.GPT2.patterns()),
          Set.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"),
          plain(SplitRule.SMOLLM.patterns()),
          Set.of("llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "lfm2"),
          new GgufSplitRule(SplitRule.LLAMA3.patterns(), true, true),
          Set.of("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"),
          plain(SplitRule.LLAMA3.patterns()),
          Set.of("qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "grok-2"),
          plain(SplitRule.QWEN2.patterns()),
          Set.of("gpt-4o", "llama4", "kanana2"),
          plain(List.of(GPT4O)),
          Set.of("tekken"),
          new GgufSplitRule(List.of(TEKKEN), true, true));

  GgufSplitRule {
    patterns = List.copyOf(patterns);
  }

  private static GgufSplitRule plain(List<String> patterns) {
    return new GgufSplitRule(patterns, false, false);
  }

  /** Returns the rule of a name, if it is known. */
  static Optional<GgufSplitRule> of(String name) {
    return RULES.entrySet().stream()
        .filter(entry -> entry.getKey().contains(name))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** Returns the names that are known. */
  static String known() {
    Stream<String> names = RULES.keySet().stream().flatMap(Set::stream);
    return String.join(", ", names.collect(Collectors.toCollection(TreeSet::new)));
  }

  PreTokenizer steps() {
    return PreTokenizerReader.sequence(SplitRule.isolating(patterns));
  }
}
