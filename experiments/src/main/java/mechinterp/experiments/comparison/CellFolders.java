package mechinterp.experiments.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.SeedTraining;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.training.TrainConfig;

/**
 * The trainings of a comparison, a folder each: {@code training.json}, and of those that are
 * reported the autoencoder in {@code sae} and {@code figures.json}. What is there is not done
 * again.
 */
final class CellFolders {
  private static final String TRAINING = "training.json";
  private static final String SAE = "sae";
  private static final String FIGURES = "figures.json";

  private final ComparisonConfig config;
  private final Path folder;
  private final Device device;
  private final Progress.Display display;
  private final ComparedActivations data;

  CellFolders(
      ComparisonConfig config,
      Path folder,
      Device device,
      Progress.Display display,
      ComparedActivations data) {
    this.config = config;
    this.folder = folder;
    this.device = device;
    this.display = display;
    this.data = data;
  }

  /** Returns the FVU of the validation activations after a training with the tuning seed. */
  double tuning(Arm arm, double learningRate) throws IOException {
    Cell cell = Cell.of(config, arm, data.dIn(), learningRate, config.tuningSeed());
    Path path = path(arm, cell);
    if (!Files.exists(path.resolve(TRAINING))) {
      train(arm, cell, path, false);
    }
    return Json.read(path.resolve(TRAINING), TrainedCell.class).validationFvu();
  }

  /** Returns the figures of the test activations after a training with a seed. */
  ReportedCell reported(Arm arm, double learningRate, long seed) throws IOException {
    Cell cell = Cell.of(config, arm, data.dIn(), learningRate, seed);
    Path path = path(arm, cell);
    if (!Files.exists(path.resolve(TRAINING)) || !Files.exists(path.resolve(SAE))) {
      train(arm, cell, path, true);
    }
    return new ReportedCell(
        figures(path, cell.k()),
        Json.read(path.resolve(TRAINING), TrainedCell.class).trainingSeconds(),
        path.resolve(SAE));
  }

  private Path path(Arm arm, Cell cell) {
    return folder.resolve(cell.folderName(arm));
  }

  private Map<String, Double> figures(Path path, int k) throws IOException {
    Path file = path.resolve(FIGURES);
    if (Files.exists(file)) {
      Figures found = Json.read(file, Figures.class);
      if (found.version() == data.figuresVersion()) {
        return found.values();
      }
    }
    Sae sae = SaeFiles.load(path.resolve(SAE), device).sae();
    Figures measured = new Figures(data.figuresVersion(), data.testFigures(sae, k));
    Json.write(file, measured);
    return measured.values();
  }

  private void train(Arm arm, Cell cell, Path path, boolean isReported) throws IOException {
    TrainConfig train = cell.train();
    SeedTraining training =
        SeedTraining.of(
            arm.name(), cell.sae(), train, data.training(train.seed()), device, display);
    TrainedCell trained =
        new TrainedCell(cell, data.validationFvu(training.sae()), training.seconds());
    AtomicFolder.replace(
        path,
        TRAINING,
        to -> {
          Json.write(to.resolve(TRAINING), trained);
          if (isReported) {
            SaeFiles.save(training.sae(), to.resolve(SAE), data.metadata());
          }
        });
  }
}
