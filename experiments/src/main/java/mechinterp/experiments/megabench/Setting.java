package mechinterp.experiments.megabench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.megabench.Measurement;
import mechinterp.megabench.Metric;
import mechinterp.megabench.NoiseFloor;
import mechinterp.megabench.Ranking;

/**
 * Kinds that are compared with each other, and the baselines and added ones beside them.
 *
 * @param model name of the model or synthetic family
 * @param hook of the activations
 * @param dSae number of latents
 * @param k active latents of a token
 * @param groups trained kinds first, then what was added, then baselines
 * @param verdicts what can be said by each metric
 */
record Setting(
    String model,
    String hook,
    int dSae,
    int k,
    List<BenchResults.Group> groups,
    Map<Metric, Verdict> verdicts) {
  private static final int DRAWS = 1000;
  private static final long SEED = 1;
  private static final int LEAST = 2;

  /**
   * What a metric can tell.
   *
   * @param noise of the trained kinds; nothing with fewer than two kinds or two seeds
   * @param ranking nothing where the metric does not tell kinds apart or is no merit
   */
  record Verdict(Optional<NoiseFloor> noise, Optional<Ranking> ranking) {
    boolean tellsKindsApart() {
      return noise.map(NoiseFloor::tellsKindsApart).orElse(false);
    }
  }

  static Setting of(CellRecord of, List<BenchResults.Group> all) {
    List<BenchResults.Group> own = new ArrayList<>();
    for (int place = 0; place <= 2; place++) {
      for (BenchResults.Group group : all) {
        if (place(group.cell()) == place && belongs(group.cell(), of)) {
          own.add(group);
        }
      }
    }
    Map<Metric, Verdict> verdicts = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      verdicts.put(metric, verdict(metric, own));
    }
    return new Setting(of.model(), of.hook(), of.dSae(), of.k(), own, verdicts);
  }

  private static int place(CellRecord cell) {
    return cell.isBaseline() ? 2 : cell.isAdded() ? 1 : 0;
  }

  private static boolean belongs(CellRecord cell, CellRecord of) {
    if (!cell.model().equals(of.model()) || !cell.hook().equals(of.hook())) {
      return false;
    }
    if (cell.isAdded()) {
      return true;
    }
    Optional<Baseline> baseline = Baseline.of(cell.kind());
    boolean isAsWide =
        !baseline.map(Baseline::isAsWideAsTheGrid).orElse(true) || cell.dSae() == of.dSae();
    boolean hasK = !baseline.map(Baseline::hasK).orElse(true) || cell.k() == of.k();
    return isAsWide && hasK;
  }

  private static Verdict verdict(Metric metric, List<BenchResults.Group> groups) {
    Map<String, Measurement> trained = new LinkedHashMap<>();
    Map<String, Measurement> all = new LinkedHashMap<>();
    for (BenchResults.Group group : groups) {
      Optional.ofNullable(group.measurements().get(metric))
          .ifPresent(found -> {
            all.put(group.name(), found);
            if (place(group.cell()) == 0) {
              trained.put(group.name(), found);
            }
          });
    }
    Optional<NoiseFloor> noise = noise(List.copyOf(trained.values()));
    boolean isRanked =
        noise.map(NoiseFloor::tellsKindsApart).orElse(false)
            && metric.direction() != Metric.Direction.NEITHER;
    return new Verdict(
        noise,
        isRanked
            ? Optional.of(Ranking.of(metric, alike(trained, all), DRAWS, SEED))
            : Optional.empty());
  }

  private static Optional<NoiseFloor> noise(List<Measurement> kinds) {
    boolean isKnown =
        kinds.size() >= LEAST
            && kinds.getFirst().seeds().size() >= LEAST
            && kinds.stream().map(Setting::budget).distinct().count() == 1;
    return isKnown ? Optional.of(NoiseFloor.of(kinds, DRAWS, SEED)) : Optional.empty();
  }

  private static List<Integer> budget(Measurement measurement) {
    return List.of(measurement.seeds().size(), measurement.documents());
  }

  /** Returns those with as many seeds as the trained kinds have. */
  private static Map<String, Measurement> alike(
      Map<String, Measurement> trained, Map<String, Measurement> all) {
    List<Integer> wanted = budget(trained.values().iterator().next());
    Map<String, Measurement> alike = new LinkedHashMap<>();
    all.forEach((name, measurement) -> {
      if (budget(measurement).equals(wanted)) {
        alike.put(name, measurement);
      }
    });
    return alike;
  }

  /** Returns the metrics that any of its groups has. */
  List<Metric> metrics() {
    return verdicts.keySet().stream()
        .filter(
            metric -> groups.stream().anyMatch(group -> group.measurements().containsKey(metric)))
        .toList();
  }

  /** Returns what a metric can tell. */
  Verdict verdict(Metric metric) {
    return Optional.ofNullable(verdicts.get(metric)).orElseThrow();
  }

  /** Returns its name. */
  String title() {
    return "%s, %s, %d latents, k %d".formatted(model, hook, dSae, k);
  }
}
