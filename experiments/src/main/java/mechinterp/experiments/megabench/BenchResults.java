package mechinterp.experiments.megabench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import mechinterp.io.AtomicFile;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.megabench.Measurement;
import mechinterp.megabench.Metric;
import mechinterp.megabench.MetricValue;

/**
 * All that was measured in a folder.
 *
 * @param cells what was measured, one by one
 * @param notes what is not there, for people
 */
public record BenchResults(List<Line> cells, List<String> notes) {
  private static final String LINES = "results.jsonl";
  private static final int DRAWS = 1000;
  private static final long SEED = 1;

  /**
   * A measured cell: a line of {@code results.jsonl}.
   *
   * @param version of the definitions
   * @param cell what it is
   * @param values by metric
   */
  public record Line(int version, CellRecord cell, Map<String, Measurement.Seed> values) {}

  /**
   * Cells that differ by their seed alone.
   *
   * @param cell the first of them
   * @param seeds of all
   * @param measurements by metric, of the seeds that have it
   */
  record Group(CellRecord cell, List<Long> seeds, Map<Metric, Measurement> measurements) {
    /** Returns a metric with its interval. */
    Optional<MetricValue> value(Metric metric) {
      return Optional.ofNullable(measurements.get(metric))
          .map(found -> found.withInterval(DRAWS, SEED));
    }

    /** Returns its name among others of the same model and setting. */
    String name() {
      return cell.kind();
    }
  }

  /**
   * Reads the cells of a folder; where there are none, {@code results.jsonl}.
   *
   * @throws FormatException naming a cell that is half-written or of other definitions, or the
   *     folder when it has no results
   */
  public static BenchResults of(Path folder) throws IOException {
    CellStore store = new CellStore(folder);
    List<Path> folders = store.folders();
    BenchResults found = folders.isEmpty() ? ofLines(folder) : ofCells(store, folders);
    if (found.cells.isEmpty()) {
      throw new FormatException(
          folder.toString(), "has no measured cell; megabench run --out " + folder + " makes them");
    }
    return found;
  }

  private static BenchResults ofCells(CellStore store, List<Path> folders) throws IOException {
    Map<String, CellStore.Pair> pairs = SeedPairs.known(store);
    List<Line> cells = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Path folder : folders) {
      CellRecord cell = CellStore.cell(folder).orElseThrow();
      Optional<CellMeasurements> measured = CellStore.current(folder);
      if (measured.isEmpty()) {
        notes.add(folder.getFileName() + ": trained, not measured yet; megabench run goes on");
        continue;
      }
      Map<String, Measurement.Seed> values = new LinkedHashMap<>(measured.get().values());
      Optional.ofNullable(pairs.get(folder.getFileName().toString()))
          .ifPresent(pair -> put(values, pair));
      cells.add(new Line(Metric.VERSION, cell, values));
    }
    return new BenchResults(cells, notes);
  }

  private static void put(Map<String, Measurement.Seed> values, CellStore.Pair pair) {
    put(values, Metric.SEED_COSINE, pair.cosine());
    put(values, Metric.SEED_MATCH, pair.match());
    put(values, Metric.SEED_SPAN, pair.span());
    pair.subspace().ifPresent(overlap -> put(values, Metric.SEED_SUBSPACE, overlap));
  }

  private static void put(Map<String, Measurement.Seed> values, Metric metric, double value) {
    values.put(metric.field(), new Measurement.Seed(List.of(value), List.of(1.0)));
  }

  private static BenchResults ofLines(Path folder) throws IOException {
    Path file = folder.resolve(LINES);
    if (!Files.exists(file)) {
      return new BenchResults(List.of(), List.of());
    }
    List<Line> cells = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String name = file + " line " + (cells.size() + 1);
        Line read = Json.read(name, line.getBytes(StandardCharsets.UTF_8), Line.class);
        if (read.version() != Metric.VERSION) {
          throw new FormatException(
              name,
              "is of definitions %d, this program's are %d; they cannot be compared"
                  .formatted(read.version(), Metric.VERSION));
        }
        cells.add(read);
      }
    }
    return new BenchResults(cells, List.of());
  }

  /** Writes all cells as JSON lines. */
  public void writeLines(Path folder) throws IOException {
    StringBuilder text = new StringBuilder();
    cells.forEach(line -> text.append(Json.compact(line)).append('\n'));
    AtomicFile.write(
        folder.resolve(LINES),
        file -> file.write(text.toString().getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * What is printed of a cell.
   *
   * @param model name of the model or synthetic family
   * @param hook of the activations
   * @param layer number of the hook point's block
   * @param kind of autoencoder or baseline
   * @param dSae number of latents
   * @param k active latents that were asked for
   * @param seed of the training
   * @param metrics by name, with intervals over documents, latents, labels or texts
   */
  public record Printed(
      String model,
      String hook,
      int layer,
      String kind,
      int dSae,
      int k,
      long seed,
      Map<String, MetricValue> metrics) {
    static Printed of(Line line) {
      Map<String, MetricValue> metrics = new LinkedHashMap<>();
      line.values()
          .forEach((name, seed) ->
              metrics.put(name, new Measurement(List.of(seed)).withInterval(DRAWS, SEED)));
      CellRecord cell = line.cell();
      return new Printed(
          cell.model(),
          cell.hook(),
          cell.layer(),
          cell.kind(),
          cell.dSae(),
          cell.k(),
          cell.seed(),
          metrics);
    }
  }

  /** Returns all cells as they are printed. */
  public List<Printed> printed() {
    return cells.stream().map(Printed::of).toList();
  }

  /** Returns the cells without their seeds, by model, kind and sizes. */
  List<Group> groups() {
    Map<List<Object>, List<Line>> bySetting = new LinkedHashMap<>();
    for (Line line : cells) {
      CellRecord cell = line.cell();
      bySetting
          .computeIfAbsent(
              List.of(cell.model(), cell.hook(), cell.kind(), cell.dSae(), cell.k()),
              _ -> new ArrayList<>())
          .add(line);
    }
    return bySetting.values().stream().map(BenchResults::group).toList();
  }

  private static Group group(List<Line> lines) {
    List<Line> sorted =
        lines.stream().sorted(Comparator.comparingLong(line -> line.cell().seed())).toList();
    Map<Metric, Measurement> measurements = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      List<Measurement.Seed> seeds =
          sorted.stream()
              .map(line -> Optional.ofNullable(line.values().get(metric.field())))
              .flatMap(Optional::stream)
              .toList();
      if (!seeds.isEmpty()) {
        measurements.put(metric, new Measurement(seeds));
      }
    }
    return new Group(
        Objects.requireNonNull(sorted.getFirst()).cell(),
        sorted.stream().map(line -> line.cell().seed()).toList(),
        measurements);
  }

  /** Returns the settings in which kinds are compared. */
  List<Setting> settings() {
    List<Group> groups = groups();
    Map<List<Object>, Group> keys = new LinkedHashMap<>();
    for (Group group : groups) {
      CellRecord cell = group.cell();
      boolean isOfGrid =
          !cell.isAdded() && Baseline.of(cell.kind()).map(Baseline::isAsWideAsTheGrid).orElse(true);
      if (isOfGrid) {
        keys.putIfAbsent(List.of(cell.model(), cell.hook(), cell.dSae(), cell.k()), group);
      }
    }
    return keys.values().stream()
        .map(Group::cell)
        .map(cell -> Setting.of(cell, groups))
        .sorted(
            Comparator.comparing(Setting::model)
                .thenComparing(Setting::dSae)
                .thenComparing(Setting::k))
        .toList();
  }
}
