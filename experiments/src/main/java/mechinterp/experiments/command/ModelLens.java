package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import mechinterp.analysis.LogitLens;
import mechinterp.analysis.TunedLensFiles;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.report.TokenText;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.Tokenizer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp model lens}. */
@Command(
    name = "lens",
    description = {
      "Show what a model would predict if it ended after each of its blocks: the logit lens, and"
          + " the tuned lens beside it.",
      "A column for each of the last tokens of the text: what is likeliest behind it."
    })
public final class ModelLens implements Callable<Integer> {
  @Mixin private ModelOptions modelOptions;

  @ArgGroup(multiplicity = "1")
  private PromptOptions prompt;

  @Option(
      names = "--last",
      paramLabel = "N",
      description = "Show the last N tokens of the text. Default: ${DEFAULT-VALUE}.")
  private int last = 8;

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "Likely tokens in the JSON of each place. Default: ${DEFAULT-VALUE}.")
  private int top = 5;

  @Option(
      names = "--tuned",
      paramLabel = "DIR",
      description =
          "Also show the tuned lens that model tune-lens or the tuned-lens library wrote.")
  private Optional<Path> tuned = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(
      String model,
      List<Integer> ids,
      List<String> tokens,
      List<Layer> layers,
      Optional<List<Layer>> tuned) {}

  /** The predictions after a block. */
  record Layer(String hook, List<Place> tokens) {}

  /** The prediction behind a token. */
  record Place(double klDivergence, List<Likely> likeliest) {}

  /** A likely token. */
  record Likely(int id, String token, double probability) {}

  @Override
  public Integer call() throws IOException {
    if (last < 1 || top < 1) {
      throw new IllegalArgumentException(
          "--last, --top: are %d and %d; they must be at least 1".formatted(last, top));
    }
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, prompt::check);
      int[] ids = prompt.ids(model.tokenizer(), model.config());
      Tokenizer tokenizer = model.tokenizer();
      List<Layer> layers = layers(LogitLens.of(model, ids, top), tokenizer);
      Optional<List<Layer>> translated =
          tuned.isPresent()
              ? Optional.of(
                  layers(
                      LogitLens.of(TunedLensFiles.read(tuned.get(), model), ids, top), tokenizer))
              : Optional.empty();
      Result result =
          new Result(
              model.identity(),
              IntStream.of(ids).boxed().toList(),
              IntStream.of(ids).mapToObj(id -> text(tokenizer, id)).toList(),
              layers,
              translated);
      output.print(result, describe(result));
    }
    return 0;
  }

  private static List<Layer> layers(List<LogitLens.Layer> layers, Tokenizer tokenizer) {
    return layers.stream().map(layer -> layer(layer, tokenizer)).toList();
  }

  private static Layer layer(LogitLens.Layer layer, Tokenizer tokenizer) {
    return new Layer(
        layer.hook().toString(),
        layer.tokens().stream()
            .map(place ->
                new Place(
                    place.klDivergence(),
                    place.likeliest().stream()
                        .map(token ->
                            new Likely(
                                token.id(), text(tokenizer, token.id()), token.probability()))
                        .toList()))
            .toList());
  }

  /** Models may have more ids than there are tokens. */
  private static String text(Tokenizer tokenizer, int id) {
    return Optional.of(id)
        .filter(known -> known < tokenizer.vocabularySize())
        .map(known -> TokenText.of(tokenizer, known))
        .orElse("id " + id);
  }

  private String describe(Result result) {
    String plain = table(result, "after", result.layers());
    return result.tuned().isEmpty()
        ? plain
        : plain + "\n" + table(result, "tuned", result.tuned().get());
  }

  private String table(Result result, String title, List<Layer> layers) {
    int first = Math.max(0, result.tokens().size() - last);
    List<String> titles = new ArrayList<>(List.of(title));
    titles.addAll(result.tokens().subList(first, result.tokens().size()));
    titles.add("mean KL");
    TextTable table = new TextTable(titles.toArray(String[]::new));
    for (Layer layer : layers) {
      List<String> row = new ArrayList<>(List.of(layer.hook()));
      layer.tokens().stream()
          .skip(first)
          .map(place -> place.likeliest().getFirst().token())
          .forEach(row::add);
      double divergence =
          layer.tokens().stream().mapToDouble(Place::klDivergence).average().orElse(0);
      row.add(String.format(Locale.ROOT, "%.3f", divergence));
      table.row(row.toArray(String[]::new));
    }
    return table.toString();
  }
}
