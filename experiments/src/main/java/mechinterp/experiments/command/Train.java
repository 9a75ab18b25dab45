package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
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
import mechinterp.io.JsonDifference;
import mechinterp.sae.SaeFiles;
import mechinterp.training.Checkpoints;
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
  private static final String CHECKPOINTS = "checkpoints";
  private static final String SETTINGS = "train.json";
  private static final String METRICS = "metrics.jsonl";
  private static final int CHECKPOINT_EVERY = 1000;
  private static final int CHECKPOINTS_KEPT = 2;

  @ArgGroup(multiplicity = "1")
  private ActivationSource source;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write; it must be missing or empty without --resume.")
  private Path out;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      description = {
        "Steps between two checkpoints, which DIR keeps until the run is finished.",
        "Default: none, with --resume 1000."
      })
  private Optional<Integer> checkpointEvery = Optional.empty();

  @Option(
      names = "--resume",
      description = {
        "Go on with the run in DIR from its newest checkpoint, as if it had never been interrupted;",
        "begin where DIR holds none."
      })
  private boolean resume;

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
    TrainSettings settings = options.settings();
    if (resume && Files.exists(out.resolve(SETTINGS))) {
      requireSame(settings);
      print(new Result(out.toString(), 0, RunFiles.readLastMetrics(out.resolve(METRICS))));
      return 0;
    }
    if (!(resume && Files.exists(out.resolve(CHECKPOINTS)))) {
      RunFiles.requireFree(out);
    }
    try (Device device = deviceOptions.open();
        ActivationStore store = source.open()) {
      long began = System.nanoTime();
      Training training = Training.run(settings, store, device, output.progress(), checkpoints());
      double seconds = (System.nanoTime() - began) / 1e9;
      AtomicFolder.replace(
          out, CHECKPOINTS, folder -> write(folder, settings, training, store, device));
      print(new Result(out.toString(), seconds, training.last()));
    }
    return 0;
  }

  /** A finished run is what was asked for only with the same settings. */
  private void requireSame(TrainSettings settings) throws IOException {
    Path file = out.resolve(SETTINGS);
    Optional<JsonDifference> difference =
        JsonDifference.between(Json.tree(file), Json.node(settings));
    if (difference.isPresent()) {
      JsonDifference found = difference.get();
      throw new IOException(
          "%s: %s is %s in this finished run, %s now; name a new folder"
              .formatted(file, found.field(), found.first(), found.second()));
    }
  }

  private Optional<Checkpoints> checkpoints() {
    if (!resume && checkpointEvery.isEmpty()) {
      return Optional.empty();
    }
    int every = checkpointEvery.orElse(CHECKPOINT_EVERY);
    return Optional.of(new Checkpoints(out.resolve(CHECKPOINTS), every, CHECKPOINTS_KEPT));
  }

  private void print(Result result) {
    output.print(
        result,
        String.format(
            Locale.ROOT,
            "%s: %,d tokens in %.1f s; last batch: FVU %.4f, L0 %.2f, dead latents %,d",
            out,
            result.last().tokens(),
            result.seconds(),
            result.last().fvu(),
            result.last().l0(),
            result.last().deadLatents()));
  }

  private static void write(
      Path folder, TrainSettings settings, Training training, ActivationStore store, Device device)
      throws IOException {
    SaeFiles.save(training.sae(), folder, SaeSource.metadata(store));
    Json.write(folder.resolve(SETTINGS), settings);
    Json.write(folder.resolve("environment.json"), Environment.of(device));
    RunFiles.writeMetrics(folder.resolve(METRICS), training.history());
  }
}
