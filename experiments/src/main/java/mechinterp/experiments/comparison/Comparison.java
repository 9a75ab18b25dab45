package mechinterp.experiments.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.sae.SaeConfig;

/**
 * Trains every arm with every learning rate, chooses the rate by the validation activations, trains
 * every arm with every seed, and measures on the test activations. Each training that is finished
 * has a folder and is not done again, so a comparison that was stopped goes on.
 */
public final class Comparison implements AutoCloseable {
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
   * @throws IllegalArgumentException with the JSON field's name, before anything is trained, when
   *     an arm is not possible
   */
  public List<ArmResult> run() throws IOException {
    config
        .arms()
        .forEach(arm -> {
          SaeConfig _ = arm.sae().config(data.dIn());
        });
    Files.createDirectories(cells);
    CellFolders folders = new CellFolders(config, cells, device, display, data);
    List<Tuned> tuned = new ArrayList<>();
    for (Arm arm : config.arms()) {
      tuned.add(tune(arm, folders));
    }
    for (long seed : config.seeds()) {
      for (Tuned arm : tuned) {
        arm.seeds.add(folders.reported(arm.arm, best(arm.fvus), seed));
      }
    }
    List<ArmResult> results = new ArrayList<>();
    for (Tuned arm : tuned) {
      results.add(arm.result(device));
    }
    return results;
  }

  /** An arm, its FVU by learning rate, and its runs so far with the best one. */
  private record Tuned(Arm arm, Map<Double, Double> fvus, List<ReportedCell> seeds) {
    ArmResult result(Device device) throws IOException {
      return ArmResult.of(arm.name(), best(fvus), fvus, seeds, SeedAgreement.of(seeds, device));
    }
  }

  private Tuned tune(Arm arm, CellFolders folders) throws IOException {
    Map<Double, Double> fvus = new LinkedHashMap<>();
    for (double learningRate : config.learningRates()) {
      fvus.put(learningRate, folders.tuning(arm, learningRate));
    }
    return new Tuned(arm, fvus, new ArrayList<>());
  }

  private static double best(Map<Double, Double> tuning) {
    return tuning.entrySet().stream()
        .min(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElseThrow();
  }

  @Override
  public void close() {
    data.close();
  }
}
