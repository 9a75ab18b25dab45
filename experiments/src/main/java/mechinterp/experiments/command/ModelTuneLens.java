package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.analysis.TunedLens;
import mechinterp.analysis.TunedLensConfig;
import mechinterp.analysis.TunedLensFiles;
import mechinterp.analysis.TunedLensTrainer;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.run.RunFiles;
import mechinterp.model.HookPoint;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp model tune-lens}. */
@Command(
    name = "tune-lens",
    description = {
      "Train a tuned lens: translators of the residual stream by which a model's predictions can be"
          + " read early.",
      "DIR gets config.json and params.safetensors; model lens --tuned DIR shows what it sees."
    })
public final class ModelTuneLens implements Callable<Integer> {
  private static final int LONGEST_DEFAULT_CONTEXT = 256;

  /** Of ten documents one is held out. */
  private static final int HELD_OUT = 10;

  @Mixin private ModelOptions modelOptions;

  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "Text file in UTF-8; each line that is not blank is a document.")
  private Path text;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description =
          "Most tokens of it, of every tenth document to measure on. Default: ${DEFAULT-VALUE}.")
  private int tokens = 200_000;

  @Option(
      names = "--context",
      paramLabel = "L",
      description =
          "Most tokens of a document. Default: what the model takes, but no more than 256.")
  private Optional<Integer> context = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of the training. Default: ${DEFAULT-VALUE}.")
  private int steps = TunedLensConfig.defaults().steps();

  @Option(
      names = "--batch",
      paramLabel = "B",
      description = "Tokens of a step. Default: ${DEFAULT-VALUE}.")
  private int batch = TunedLensConfig.defaults().batchTokens();

  @Option(
      names = "--lr",
      paramLabel = "LR",
      description = "Peak learning rate of Adam. Default: ${DEFAULT-VALUE}.")
  private double learningRate = TunedLensConfig.defaults().learningRate();

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the order of the text. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write; it must be missing or empty.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed.
   *
   * @param heldOutTokens on which divergences are measured
   */
  record Result(String out, String model, int tokens, int heldOutTokens, List<Row> layers) {}

  /** The mean KL divergence from the model's predictions at a hook point, in nats. */
  record Row(String hook, double logitLens, double tunedLens) {}

  /** Documents to train and to measure on. */
  private record Split(List<int[]> training, List<int[]> heldOut) {
    int tokens() {
      return training.stream().mapToInt(ids -> ids.length).sum();
    }

    int heldOutTokens() {
      return heldOut.stream().mapToInt(ids -> ids.length).sum();
    }
  }

  @Override
  public Integer call() throws IOException {
    TunedLensConfig config =
        TunedLensConfig.defaults()
            .withSteps(steps)
            .withBatchTokens(batch)
            .withLearningRate(learningRate)
            .withSeed(seed);
    RunFiles.requireFree(out);
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      Split split = split(model);
      TunedLens lens = train(new TunedLensTrainer(model, config, split.training()));
      TunedLensFiles.write(lens, out);
      Result result = result(lens, split);
      output.print(result, describe(result));
    }
    return 0;
  }

  private Split split(Transformer model) throws IOException {
    int most = context.orElse(Math.min(LONGEST_DEFAULT_CONTEXT, model.config().nCtx()));
    if (most < 1 || most > model.config().nCtx()) {
      throw new IllegalArgumentException(
          "--context: is %d; %s takes 1 to %d"
              .formatted(most, model.config().name(), model.config().nCtx()));
    }
    Split split = new Split(new ArrayList<>(), new ArrayList<>());
    int left = tokens;
    int number = 0;
    try (Corpus.Reader reader = Corpus.text(text).open()) {
      Optional<Document> document = reader.next();
      while (document.isPresent() && left > 0) {
        int[] ids = model.tokenizer().encodeFromBos(document.get().text(), Math.min(most, left));
        if (ids.length > 0) {
          (number++ % HELD_OUT == HELD_OUT - 1 ? split.heldOut() : split.training()).add(ids);
          left -= ids.length;
        }
        document = reader.next();
      }
    }
    if (split.heldOut().isEmpty()) {
      throw new IllegalArgumentException(
          "--text: %s has %d documents within %d tokens; there must be %d at least, of which one is held out"
              .formatted(text, number, tokens, HELD_OUT));
    }
    return split;
  }

  private TunedLens train(TunedLensTrainer trainer) {
    try (Progress progress = output.progress().start("tuned lens", steps, "steps")) {
      progress.note(trainer.plan().toString());
      return trainer.train((step, _) -> progress.update(step));
    }
  }

  private Result result(TunedLens lens, Split split) {
    SequencedMap<HookPoint, Double> plain =
        TunedLensTrainer.divergences(TunedLens.identity(lens.model()), split.heldOut());
    SequencedMap<HookPoint, Double> tuned = TunedLensTrainer.divergences(lens, split.heldOut());
    List<Row> rows = new ArrayList<>();
    plain.forEach((hook, divergence) ->
        rows.add(new Row(hook.toString(), divergence, tuned.getOrDefault(hook, Double.NaN))));
    return new Result(
        out.toString(), lens.model().identity(), split.tokens(), split.heldOutTokens(), rows);
  }

  private static String describe(Result result) {
    TextTable table = new TextTable("after", "logit lens", "tuned lens");
    for (Row row : result.layers()) {
      table.row(row.hook(), number(row.logitLens()), number(row.tunedLens()));
    }
    return String.format(
        Locale.ROOT,
        "%s: trained on %,d tokens; mean KL divergence from the model's predictions on %,d held-out"
            + " tokens, in nats%n%s",
        result.out(),
        result.tokens(),
        result.heldOutTokens(),
        table);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
