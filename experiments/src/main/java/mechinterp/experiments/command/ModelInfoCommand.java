package mechinterp.experiments.command;

import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import mechinterp.experiments.console.LoadProgress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.model.LayerAttention;
import mechinterp.model.ModelInfo;
import mechinterp.model.Models;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mechinterp model info}. */
@Command(
    name = "info",
    description = "Show the sizes, files and tokenizer of a model, without reading its weights.")
public final class ModelInfoCommand implements Callable<Integer> {
  @ArgGroup(multiplicity = "1")
  private Name name;

  @Mixin private OfflineOption offline;
  @Mixin private ResultOutput output;

  /** The model, as a parameter or as the option that the other commands have. */
  private static final class Name {
    @Parameters(paramLabel = "M", arity = "1", description = ModelOptions.DESCRIPTION)
    private Optional<String> parameter = Optional.empty();

    @Option(
        names = "--model",
        required = true,
        paramLabel = "M",
        description = "The same as an option.")
    private Optional<String> option = Optional.empty();

    String text() {
      return parameter.or(() -> option).orElseThrow();
    }
  }

  /**
   * What is printed. The sizes are those that the model's families have in common; the recipe has
   * everything.
   */
  record Result(
      String name,
      String format,
      String source,
      long fileBytes,
      SortedMap<String, Integer> encodings,
      long parameters,
      int nLayers,
      int dModel,
      int nHeads,
      int nKeyValueHeads,
      int dHead,
      int dMlp,
      int dVocab,
      int nCtx,
      boolean tied,
      String tokenizer,
      int vocabularySize,
      TransformerConfig recipe) {
    static Result of(ModelInfo info) {
      TransformerConfig config = info.config();
      return new Result(
          config.name(),
          info.format(),
          info.source(),
          info.fileBytes(),
          info.encodings(),
          info.parameters(),
          config.nLayers(),
          config.dModel(),
          config.nHeads(),
          config.attention().keyValueHeads(),
          config.dHead(),
          config.dMlp(),
          config.dVocab(),
          config.nCtx(),
          config.unembed().map(UnembedConfig::tied).orElse(false),
          info.tokenizer(),
          info.vocabularySize(),
          config);
    }
  }

  @Override
  public Integer call() throws IOException {
    LoadProgress progress = new LoadProgress(output.progress());
    Result result = Result.of(Models.info(name.text(), offline.options().with(progress)));
    output.print(result, describe(result));
    return 0;
  }

  private static String describe(Result result) {
    String encodings =
        result.encodings().entrySet().stream()
            .map(entry -> entry.getValue() + " " + entry.getKey())
            .collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        """
        model         %s
        weights       %s (%s, %,d bytes; tensors: %s)
        parameters    %,d
        n_layers      %d
        d_model       %d
        heads         %d of %d columns, %d of keys and values
        d_mlp         %d, %s%s
        d_vocab       %d, %s
        n_ctx         %d%s
        blocks        %s, %s norms
        tokenizer     %s
        """,
        result.name(),
        result.source(),
        result.format(),
        result.fileBytes(),
        encodings,
        result.parameters(),
        result.nLayers(),
        result.dModel(),
        result.nHeads(),
        result.dHead(),
        result.nKeyValueHeads(),
        result.dMlp(),
        result.recipe().mlp().activation(),
        result.recipe().mlp().gated() ? ", gated" : "",
        result.dVocab(),
        result.recipe().unembed().isEmpty()
            ? "no unembedding"
            : result.tied() ? "tied" : "not tied",
        result.nCtx(),
        windows(result.recipe()),
        result.recipe().recipe(),
        result.recipe().norm().kind(),
        result.vocabularySize() == 0
            ? "none"
            : "%s, %d tokens".formatted(result.tokenizer(), result.vocabularySize()));
  }

  private static String windows(TransformerConfig config) {
    long sliding =
        config.layers().stream().filter(layer -> layer.window() != LayerAttention.ALL).count();
    return sliding == 0
        ? ""
        : config.layers().stream().mapToInt(LayerAttention::window).min().stream()
            .mapToObj(window -> ", %d layers see the last %d".formatted(sliding, window))
            .findFirst()
            .orElse("");
  }
}
