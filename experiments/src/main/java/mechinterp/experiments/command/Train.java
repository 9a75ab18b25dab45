package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.experiments.run.Training;
import mechinterp.experiments.run.TrainingData;
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
      "OUT gets the autoencoder in SAELens' layout (a cross-layer transcoder in circuit-tracer's),",
      "train.json, environment.json, metrics.jsonl",
      "and curves.html."
    })
public final class Train implements Callable<Integer> {
  @ArgGroup(multiplicity = "1")
  private TrainSource source;

  @Option(
      names = "--sweep",
      paramLabel = "FILE",
      description = {
        "Train several autoencoders in one pass, with settings as in configs/sweep.json and none of",
        "the options of settings below; DIR gets a folder for each."
      })
  private Optional<Path> sweep = Optional.empty();

  @Mixin private TrainFolder folder;
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
    if (sweep.isPresent()) {
      options.requireNone();
      new TrainSweep(source, folder, output).run(sweep.get(), deviceOptions);
      return 0;
    }
    TrainSettings given = options.settings();
    TrainSettings settings = source.isStreamed() ? given.streamed() : given.stored();
    if (folder.isFinished(TrainFolder.SETTINGS, settings)) {
      print(0, TrainFolder.lastMetrics(folder.path()));
      return 0;
    }
    try (Device device = deviceOptions.open()) {
      source.use(settings.data(), device, data -> train(settings, data, device));
    }
    return 0;
  }

  private void train(TrainSettings settings, TrainingData data, Device device) throws IOException {
    long began = System.nanoTime();
    Training training =
        Training.run(settings, data, device, output.progress(), Optional.of(folder.place()));
    double seconds = (System.nanoTime() - began) / 1e9;
    folder.write(
        inside -> TrainFolder.writeRun(inside, settings, training, data.metadata(), device));
    print(seconds, training.last());
  }

  private void print(double seconds, StepMetrics last) {
    output.print(
        new Result(folder.path().toString(), seconds, last),
        String.format(
            Locale.ROOT,
            "%s: %,d tokens in %.1f s; last batch: FVU %.4f, L0 %.2f, dead latents %,d",
            folder.path(),
            last.tokens(),
            seconds,
            last.fvu(),
            last.l0(),
            last.deadLatents()));
  }
}
