package mechinterp.experiments.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.io.Json;
import mechinterp.sae.Sae;
import mechinterp.training.SaeTrainer;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;

/**
 * Trains every arm with every learning rate, chooses the rate by the validation activations, trains
 * every arm with every seed, and measures on the test activations. Each training that is finished
 * has a file and is not done again, so a comparison that was stopped goes on.
 */
public final class Comparison implements AutoCloseable {
  private static final double NANOSECONDS = 1e9;

  private final ComparisonConfig config;
  private final Path cells;
  private final Device device;
  private final Progress.Display display;
  private final ComparedActivations data;

  /**
   * Makes the data.
   *
   * @param folder of the finished trainings and, of a model, its activations
   * @throws IOException when a model or text cannot be read, or the folder not be written
   */
  public Comparison(ComparisonConfig config, Path folder, Device device, Progress.Display display)
      throws IOException {
    this.config = config;
    this.cells = folder.resolve("cells");
    this.device = device;
    this.display = display;
    this.data = config.data().open(folder.resolve("activations"), device, display);
  }

  /**
   * Returns the results of all arms, in the order of the configuration.
   *
   * @throws IOException when a result cannot be written or read
   * @throws mechinterp.training.TrainingException when a loss is not finite
   */
  public List<ArmResult> run() throws IOException {
    Files.createDirectories(cells);
    List<Tuned> tuned = new ArrayList<>();
    for (Arm arm : config.arms()) {
      tuned.add(tune(arm));
    }
    for (long seed : config.seeds()) {
      for (Tuned arm : tuned) {
        arm.seeds.add(cell(arm.arm, best(arm.fvus), seed));
      }
    }
    return tuned.stream().map(Tuned::result).toList();
  }

  /** An arm, its FVU by learning rate, and its runs so far with the best one. */
  private record Tuned(Arm arm, Map<Double, Double> fvus, List<CellResult> seeds) {
    ArmResult result() {
      return ArmResult.of(arm.name(), best(fvus), fvus, seeds);
    }
  }

  private Tuned tune(Arm arm) throws IOException {
    Map<Double, Double> fvus = new LinkedHashMap<>();
    for (double learningRate : config.learningRates()) {
      fvus.put(learningRate, cell(arm, learningRate, config.tuningSeed()).validationFvu());
    }
    return new Tuned(arm, fvus, new ArrayList<>());
  }

  private static double best(Map<Double, Double> tuning) {
    return tuning.entrySet().stream()
        .min(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElseThrow();
  }

  private CellResult cell(Arm arm, double learningRate, long seed) throws IOException {
    Cell cell = Cell.of(config, arm, learningRate, seed);
    Path file = cells.resolve(cell.fileName(arm));
    if (!Files.exists(file)) {
      Json.write(file, train(arm, cell));
    }
    return Json.read(file, CellResult.class);
  }

  private CellResult train(Arm arm, Cell cell) {
    TrainConfig train = cell.train();
    ComparedActivations.Training activations = data.training(train.seed());
    long began = System.nanoTime();
    try (Progress progress =
        display.start(arm.name(), (long) train.steps() * train.batchSize(), "tokens")) {
      Sae sae =
          new SaeTrainer(device, train)
              .train(cell.sae().config(data.dIn()), activations.batches(), show(progress, train))
              .sae()
              .foldInputScale(activations.scale());
      double seconds = (System.nanoTime() - began) / NANOSECONDS;
      return new CellResult(
          cell, data.validationFvu(sae), data.testFigures(sae, cell.sae().k()), seconds);
    }
  }

  private static TrainListener show(Progress progress, TrainConfig train) {
    String run =
        String.format(
            Locale.ROOT, "rate %s  seed %d", train.learningRate().orElseThrow(), train.seed());
    return new TrainListener() {
      @Override
      public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
        progress.update(
            metrics.tokens(),
            String.format(
                Locale.ROOT,
                "%s  FVU %.4f  L0 %.1f  dead %,d",
                run,
                metrics.fvu(),
                metrics.l0(),
                metrics.deadLatents()));
      }
    };
  }

  @Override
  public void close() {
    data.close();
  }
}
