package mechinterp.experiments.command;

import java.util.Optional;
import mechinterp.model.LoadPlan;
import mechinterp.model.TransformerConfig;
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
   * @throws IllegalArgumentException when there are none or too many, or the model has not such ids
   */
  int[] ids(Tokenizer tokenizer, TransformerConfig config) {
    String option = text.isPresent() ? "--text" : "--ids";
    int[] tokens = text.map(given -> tokenizer.encode(given).ids()).orElseGet(ids::clone);
    check(option, tokens, config);
    return tokens;
  }

  /**
   * Checks that a model takes these tokens.
   *
   * @param option that they come from
   * @throws IllegalArgumentException when there are none or too many, or the model has not such ids
   */
  static void check(String option, int[] tokens, TransformerConfig config) {
    if (tokens.length == 0 || tokens.length > config.nCtx()) {
      throw new IllegalArgumentException(
          "%s: has %d tokens; %s takes 1 to %d"
              .formatted(option, tokens.length, config.name(), config.nCtx()));
    }
    for (int id : tokens) {
      if (id < 0 || id >= config.dVocab()) {
        throw new IllegalArgumentException(
            "%s: id %d is not there; %s has ids 0 to %d"
                .formatted(option, id, config.name(), config.dVocab() - 1));
      }
    }
  }

  /**
   * Checks that a model that is about to be loaded can go on with this.
   *
   * @throws IllegalArgumentException when it cannot
   */
  void check(LoadPlan plan) {
    if (plan.config().unembed().isEmpty()) {
      throw new IllegalArgumentException(
          "--model: %s is an encoder; it must be a language model".formatted(plan.config().name()));
    }
    ids(plan.tokenizer(), plan.config());
  }
}
