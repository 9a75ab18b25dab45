package mechinterp.experiments.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.ActivationData;
import mechinterp.sae.SaeConfig;

/**
 * Trains every arm with every learning rate, chooses the rate by the validation activations, trains
 * every arm with every seed, and measures on the test activations. Each training that is finished
 * has a folder and is not done again, so a comparison that was stopped goes on.
 */
public final class Comparison implements AutoCloseable {
  private final Path cells;
  private final Device device;
  private final Progress.Display display;
  private final ComparedActivations data;

  /**
   * Makes the data.
   *
   * @param settings how the data are made
   * @param folder of the finished trainings and, of a model, its activations
   * @throws IOException when a model or text cannot be read, or the folder not be written
   */
  public Comparison(ActivationData settings, Path folder, Device device, Progress.Display display)
      throws IOException {
    this.cells = folder.resolve("cells");
    this.device = device;
    this.display = display;
    this.data =
        ComparedActivations.of(
            settings.open(folder.resolve("activations"), device, display), device);
  }

  /**
   * Returns the results of all arms, in the order of each configuration. Configurations of the same
   * seeds share the activations that are drawn for each of them.
   *
   * @param configs on these data
   * @throws IOException when a result cannot be written or read
   * @throws mechinterp.training.TrainingException when a loss is not finite
   * @throws IllegalArgumentException with the JSON field's name, before anything is trained, when
   *     an arm is not possible
   */
  public List<List<ArmResult>> run(List<ComparisonConfig> configs) throws IOException {
    configs.stream()
        .flatMap(config -> config.arms().stream())
        .forEach(arm -> {
          SaeConfig _ = arm.sae().config(data.dIn());
        });
    Files.createDirectories(cells);
    List<Tuned> tuned = new ArrayList<>();
    for (ComparisonConfig config : configs) {
      tuned.add(tune(config));
    }
    for (long seed : seeds(configs)) {
      for (Tuned config : tuned) {
        config.report(seed);
      }
    }
    List<List<ArmResult>> results = new ArrayList<>();
    for (Tuned config : tuned) {
      results.add(config.results(device));
    }
    return results;
  }

  private static Set<Long> seeds(List<ComparisonConfig> configs) {
    return configs.stream()
        .flatMap(config -> config.seeds().stream())
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private Tuned tune(ComparisonConfig config) throws IOException {
    CellFolders folders = new CellFolders(config, cells, device, display, data);
    List<TunedArm> arms = new ArrayList<>();
    for (Arm arm : config.arms()) {
      arms.add(tune(arm, config.learningRates(arm), folders));
    }
    return new Tuned(config, folders, arms);
  }

  /** A configuration whose learning rates are chosen. */
  private record Tuned(ComparisonConfig config, CellFolders folders, List<TunedArm> arms) {
    void report(long seed) throws IOException {
      if (config.seeds().contains(seed)) {
        for (TunedArm arm : arms) {
          arm.seeds.add(folders.reported(arm.arm, arm.learningRate, seed));
        }
      }
    }

    List<ArmResult> results(Device device) throws IOException {
      List<ArmResult> results = new ArrayList<>();
      for (TunedArm arm : arms) {
        results.add(arm.result(device));
      }
      return results;
    }
  }

  /** An arm, the learning rate chosen by FVU, and its runs so far with it. */
  private record TunedArm(
      Arm arm, double learningRate, Map<Double, Double> fvus, List<ReportedCell> seeds) {
    ArmResult result(Device device) throws IOException {
      return ArmResult.of(arm.name(), learningRate, fvus, seeds, SeedAgreement.of(seeds, device));
    }
  }

  private static TunedArm tune(Arm arm, List<Double> rates, CellFolders folders)
      throws IOException {
    if (rates.size() == 1) {
      return new TunedArm(arm, rates.getFirst(), Map.of(), new ArrayList<>());
    }
    Map<Double, Double> fvus = new LinkedHashMap<>();
    for (double learningRate : rates) {
      fvus.put(learningRate, folders.tuning(arm, learningRate));
    }
    return new TunedArm(arm, best(fvus), fvus, new ArrayList<>());
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
