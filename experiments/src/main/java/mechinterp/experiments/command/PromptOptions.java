package mechinterp.experiments.command;

import java.util.Optional;
import mechinterp.tokenizer.Tokenizer;
import picocli.CommandLine.Option;

/** What a model reads: a text or the ids of its tokens. */
final class PromptOptions {
  @Option(
      names = "--text",
      required = true,
      paramLabel = "T",
      description = "Text, with the special tokens around it that the model expects.")
  private Optional<String> text = Optional.empty();

  @Option(
      names = "--ids",
      required = true,
      paramLabel = "1,2,3",
      split = ",",
      description = "Ids of tokens, nothing added.")
  private int[] ids = {};

  /**
   * Returns the ids of the tokens.
   *
   * @throws IllegalArgumentException when a text has none
   */
  int[] ids(Tokenizer tokenizer) {
    int[] tokens = text.map(given -> tokenizer.encode(given).ids()).orElseGet(() -> ids.clone());
    if (tokens.length == 0) {
      throw new IllegalArgumentException("--text: has no tokens; a model needs at least one");
    }
    return tokens;
  }
}
