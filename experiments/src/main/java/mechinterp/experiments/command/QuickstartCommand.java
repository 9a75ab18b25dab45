package mechinterp.experiments.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.quickstart.Quickstart;
import mechinterp.experiments.quickstart.QuickstartConfig;
import mechinterp.experiments.quickstart.QuickstartResult;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.metrics.SplicedLoss;
import mechinterp.training.TrainConfigBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp quickstart}. */
@Command(
    name = "quickstart",
    description = {
      "Train a sparse autoencoder on a language model reading real text, measure it on other text and show its features.",
      "Model and text come with the program. RUNS/quickstart/ID gets the settings, results, autoencoder and report."
    })
public final class QuickstartCommand implements Callable<Integer> {
  private static final String DEFAULT_CONFIG = "/mechinterp/configs/quickstart.json";

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "Settings as JSON. Default: those of configs/quickstart.json; the options below win.")
  private Optional<Path> configFile = Optional.empty();

  @Option(
      names = "--model",
      paramLabel = "M",
      description = {
        "Language model or sentence encoder: tiny-lm, all-MiniLM-L6-v2, a folder, a .gguf file",
        "or a name of the Hugging Face hub."
      })
  private Optional<String> model = Optional.empty();

  @Option(names = "--hook", paramLabel = "H", description = "Where activations are taken.")
  private Optional<String> hook = Optional.empty();

  @Option(names = "--data-tokens", paramLabel = "N", description = "Different tokens to train on.")
  private Optional<Integer> dataTokens = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Tokens to train for; beyond the data it goes round again in a new order.")
  private Optional<Long> tokens = Optional.empty();

  @Option(names = "--d-sae", paramLabel = "F", description = "Number of latents.")
  private Optional<Integer> dSae = Optional.empty();

  @Option(names = "--k", paramLabel = "K", description = "Most active latents of a token.")
  private Optional<Integer> k = Optional.empty();

  @Option(names = "--seed", paramLabel = "S", description = "Seed of weights and order.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--runs",
      paramLabel = "RUNS",
      description = "Folder that gets the run. Default: ${DEFAULT-VALUE}.")
  private Path runs = Path.of("runs");

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed: where the run is, and its {@code result.json}. */
  record Printed(String folder, String report, QuickstartResult result) {}

  @Override
  public Integer call() throws IOException {
    QuickstartConfig config = changed(read());
    try (Device device = deviceOptions.open()) {
      Quickstart.Finished finished = new Quickstart(config, device, output.progress()).run(runs);
      Printed printed =
          new Printed(
              finished.folder().toString(), finished.report().toString(), finished.result());
      output.print(printed, describe(finished));
    }
    return 0;
  }

  private QuickstartConfig read() throws IOException {
    return configFile.isPresent()
        ? Json.read(configFile.get(), QuickstartConfig.class)
        : readDefault();
  }

  /** Returns the settings of {@code configs/quickstart.json} as they were when this was built. */
  static QuickstartConfig readDefault() throws IOException {
    try (InputStream in = QuickstartCommand.class.getResourceAsStream(DEFAULT_CONFIG)) {
      if (in == null) {
        throw new FormatException("resource " + DEFAULT_CONFIG, "is not on the class path");
      }
      return Json.read("configs/quickstart.json", in, QuickstartConfig.class);
    }
  }

  private QuickstartConfig changed(QuickstartConfig config) {
    SaeSettings sae = config.sae();
    QuickstartConfig.Harvest harvest = config.harvest();
    TrainConfigBuilder train = config.train().toBuilder();
    tokens.ifPresent(train::tokens);
    seed.ifPresent(train::seed);
    return new QuickstartConfig(
        model.orElse(config.model()),
        hook.orElse(config.hook()),
        config.text(),
        new QuickstartConfig.Harvest(
            dataTokens.orElse(harvest.trainTokens()),
            harvest.heldOutTokens(),
            harvest.maxContext()),
        new SaeSettings(
            sae.architecture(),
            dSae.orElse(sae.dSae()),
            k.orElse(sae.k()),
            sae.kScope(),
            sae.options()),
        config.normalizeActivations(),
        train.build(),
        config.report());
  }

  private static String describe(Quickstart.Finished finished) {
    QuickstartResult result = finished.result();
    TextTable table =
        new TextTable("on " + number(result.heldOutTokens()) + " held-out tokens", "")
            .row("FVU", decimal(result.heldOut().fvu()))
            .row("explained variance", decimal(result.heldOut().explainedVariance()))
            .row("L0", decimal(result.heldOut().l0()))
            .row("dead latents", decimal(result.heldOut().deadFraction()))
            .row("shrinkage", decimal(result.heldOut().shrinkage()));
    result
        .embedding()
        .ifPresent(embedding ->
            table
                .row("embedding cosine, spliced in", decimal(embedding.reconstruction()))
                .row("embedding cosine, mean ablation", decimal(embedding.meanAblation())));
    result.nextToken().ifPresent(loss -> addRows(table, loss));
    table.row("seconds", String.format(Locale.ROOT, "%.1f", result.seconds().get("total")));
    return table
        + "\nautoencoder  "
        + finished.folder().resolve("sae")
        + "\nreport       "
        + finished.report();
  }

  private static void addRows(TextTable table, SplicedLoss.Result loss) {
    table
        .row("cross-entropy (nats a token)", decimal(loss.crossEntropy()))
        .row("cross-entropy, spliced in", decimal(loss.reconstruction().crossEntropy()))
        .row("cross-entropy, mean ablation", decimal(loss.meanAblation().crossEntropy()))
        .row("cross-entropy, zero ablation", decimal(loss.zeroAblation().crossEntropy()))
        .row("KL divergence, spliced in", decimal(loss.reconstruction().klDivergence()))
        .row("loss recovered from mean ablation", decimal(loss.lossRecoveredFromMean()))
        .row("loss recovered from zero ablation", decimal(loss.lossRecoveredFromZero()));
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
