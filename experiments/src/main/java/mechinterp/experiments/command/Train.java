package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Environment;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.SaeSource;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.experiments.run.Training;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.sae.SaeFiles;
import mechinterp.training.StepMetrics;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp train}. */
@Command(
    name = "train",
    description = {
      "Train a sparse autoencoder.",
      "OUT gets the autoencoder in SAELens' layout, train.json, environment.json and metrics.jsonl."
    })
public final class Train implements Callable<Integer> {
  @ArgGroup(multiplicity = "1")
  private ActivationSource source;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write; it must be missing or empty.")
  private Path out;

  @Mixin private TrainOptions options;
  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed.
   *
   * @param out the folder
   * @param seconds time of the training
   * @param last the metrics of the last step, of its batch
   */
  record Result(String out, double seconds, StepMetrics last) {}

  @Override
  public Integer call() throws IOException {
    RunFiles.requireFree(out);
    TrainSettings settings = options.settings();
    try (Device device = deviceOptions.open();
        ActivationStore store = source.open()) {
      long began = System.nanoTime();
      Training training = Training.run(settings, store, device, output.progress());
      double seconds = (System.nanoTime() - began) / 1e9;
      AtomicFolder.write(out, folder -> write(folder, settings, training, store, device));
      Result result = new Result(out.toString(), seconds, training.last());
      output.print(
          result,
          String.format(
              Locale.ROOT,
              "%s: %,d tokens in %.1f s; last batch: FVU %.4f, L0 %.2f, dead latents %,d",
              out,
              result.last().tokens(),
              seconds,
              result.last().fvu(),
              result.last().l0(),
              result.last().deadLatents()));
    }
    return 0;
  }

  private static void write(
      Path folder, TrainSettings settings, Training training, ActivationStore store, Device device)
      throws IOException {
    SaeFiles.save(training.sae(), folder, SaeSource.metadata(store));
    Json.write(folder.resolve("train.json"), settings);
    Json.write(folder.resolve("environment.json"), Environment.of(device));
    RunFiles.writeMetrics(folder.resolve("metrics.jsonl"), training.history());
  }
}
