package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.experiments.run.CrossLayerSites;
import mechinterp.experiments.run.Environment;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.experiments.run.Training;
import mechinterp.experiments.run.TrainingCurves;
import mechinterp.experiments.run.TrainingPlace;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.io.JsonDifference;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.training.Checkpoints;
import mechinterp.training.StepMetrics;
import picocli.CommandLine.Option;

/** The folder that a training writes, and what it goes on from. */
final class TrainFolder {
  static final String SETTINGS = "train.json";
  private static final String CHECKPOINTS = "checkpoints";
  private static final String METRICS = "metrics.jsonl";
  private static final int CHECKPOINT_EVERY = 1000;
  private static final int CHECKPOINTS_KEPT = 2;

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
        "Go on with the run in DIR from its newest checkpoint, as if it had never been"
            + " interrupted;",
        "begin where DIR holds none."
      })
  private boolean resume;

  @Option(
      names = "--curves",
      paramLabel = "FILE",
      description = {
        "Page of curves that is written meanwhile and loads itself again.",
        "Default: with checkpoints DIR/checkpoints/curves.html, otherwise none."
      })
  private Optional<Path> curves = Optional.empty();

  @Option(
      names = "--curves-every",
      paramLabel = "N",
      description = {
        "Steps after which the page of curves is written again.",
        "Default: ${DEFAULT-VALUE}."
      })
  private int curvesEvery = 100;

  Path path() {
    return out;
  }

  /**
   * Returns whether a run with these settings is finished; otherwise one can be begun or gone on
   * with.
   *
   * @param file that the settings of a finished run are in
   * @throws IOException when the folder holds something else, or a run with other settings
   */
  boolean isFinished(String file, Object settings) throws IOException {
    if (resume && Files.exists(out.resolve(file))) {
      requireSame(out.resolve(file), settings);
      return true;
    }
    if (!(resume && Files.exists(out.resolve(CHECKPOINTS)))) {
      RunFiles.requireFree(out);
    }
    return false;
  }

  private static void requireSame(Path file, Object settings) throws IOException {
    Optional<JsonDifference> difference =
        JsonDifference.between(Json.tree(file), Json.node(settings));
    if (difference.isPresent()) {
      JsonDifference found = difference.get();
      throw new IOException(
          "%s: %s is %s in this finished run, %s now; name a new folder"
              .formatted(file, found.field(), found.first(), found.second()));
    }
  }

  TrainingPlace place() {
    Optional<Checkpoints> checkpoints = checkpoints();
    Optional<Path> page =
        curves.or(
            () -> checkpoints.map(_ -> out.resolve(CHECKPOINTS).resolve(TrainingCurves.FILE)));
    return new TrainingPlace(out, checkpoints, CHECKPOINTS_KEPT, page, curvesEvery);
  }

  private Optional<Checkpoints> checkpoints() {
    if (!resume && checkpointEvery.isEmpty()) {
      return Optional.empty();
    }
    int every = checkpointEvery.orElse(CHECKPOINT_EVERY);
    return Optional.of(new Checkpoints(out.resolve(CHECKPOINTS), every, CHECKPOINTS_KEPT));
  }

  /** Puts the finished run in the place of its checkpoints. */
  void write(AtomicFolder.Content content) throws IOException {
    AtomicFolder.replace(out, CHECKPOINTS, content);
  }

  /** Returns the metrics of the last step of the finished run in {@code folder}. */
  static StepMetrics lastMetrics(Path folder) throws IOException {
    return RunFiles.readLastMetrics(folder.resolve(METRICS));
  }

  /** Writes the files of one autoencoder. */
  static void writeRun(
      Path folder, TrainSettings settings, Training training, SaeMetadata metadata, Device device)
      throws IOException {
    SaeFiles.save(training.sae(), folder, CrossLayerSites.describe(metadata, training.sae()));
    Json.write(folder.resolve(SETTINGS), settings);
    Json.write(folder.resolve("environment.json"), Environment.of(device));
    RunFiles.writeMetrics(folder.resolve(METRICS), training.history());
    TrainingCurves.write(
        folder.resolve(TrainingCurves.FILE), training.history(), training.history().size());
  }
}
