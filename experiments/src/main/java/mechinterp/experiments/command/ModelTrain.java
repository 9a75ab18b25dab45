package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.console.TextTable;
import mechinterp.experiments.languagemodel.DomainResult;
import mechinterp.experiments.languagemodel.LanguageModelConfig;
import mechinterp.experiments.languagemodel.LanguageModelResult;
import mechinterp.experiments.languagemodel.LanguageModelRun;
import mechinterp.experiments.run.RunFiles;
import mechinterp.io.Json;
import mechinterp.io.hub.MavenArtifacts;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp model train}. */
@Command(
    name = "train",
    description = {
      "Train a language model and its tokenizer from text, and measure it on held-out text.",
      "DIR gets checkpoints meanwhile and the folder model, which transformers loads too, at the end."
    })
public final class ModelTrain implements Callable<Integer> {
  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "Settings as JSON, such as configs/tiny-lm.json.")
  private Path config;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the run; it must be missing or empty without --resume.")
  private Path out;

  @Option(
      names = "--resume",
      description = "Go on from the newest checkpoint in DIR, as if never interrupted.")
  private boolean resume;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description = "Folder that keeps the fetched text. Default: ${DEFAULT-VALUE}.")
  private Path cache = Path.of(System.getProperty("user.home"), ".cache", "mechinterp", "sources");

  @Option(
      names = "--maven",
      paramLabel = "FILE",
      description = "Maven, which fetches text that the cache lacks. Default: ${DEFAULT-VALUE}.")
  private String maven = MavenArtifacts.program(System.getenv());

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed.
   *
   * @param model folder of the model
   * @param seconds time of this part of the run
   * @param result what became of it
   */
  record Printed(String model, double seconds, LanguageModelResult result) {}

  @Override
  public Integer call() throws IOException {
    LanguageModelConfig settings = Json.read(config, LanguageModelConfig.class);
    requireStart(settings);
    long began = System.nanoTime();
    try (Device device = deviceOptions.open()) {
      MavenArtifacts sources = new MavenArtifacts(cache, List.of(maven));
      LanguageModelResult result =
          new LanguageModelRun(settings, sources, device, output.progress()).run(out);
      double seconds = (System.nanoTime() - began) / 1e9;
      Printed printed = new Printed(LanguageModelRun.model(out).toString(), seconds, result);
      output.print(printed, describe(printed));
    }
    return 0;
  }

  private void requireStart(LanguageModelConfig settings) throws IOException {
    if (!resume) {
      RunFiles.requireFree(out);
    } else if (LanguageModelRun.checkpoints(settings, out).isEmpty()) {
      throw new IOException(out + ": has no checkpoint to go on from; start without --resume");
    }
  }

  private static String describe(Printed printed) {
    TextTable table = new TextTable("held-out text", "nats a token", "bits per byte", "trigram");
    for (DomainResult domain : printed.result().domains()) {
      table =
          table.row(
              domain.domain(),
              number(domain.lossNats()),
              number(domain.bitsPerByte()),
              number(domain.trigramBitsPerByte()));
    }
    return table + "\nmodel  " + printed.model();
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
