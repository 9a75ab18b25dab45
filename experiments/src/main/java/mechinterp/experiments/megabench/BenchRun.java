package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.data.SeedTraining;
import mechinterp.experiments.run.DiskPlan;
import mechinterp.io.Json;
import mechinterp.megabench.Metric;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.training.SaeTrainer;

/** Trains and measures what is missing of a grid. */
public final class BenchRun {
  private static final double NANOSECONDS = 1e9;
  private static final double MEBIBYTE = 1 << 20;

  private final GridConfig grid;
  private final Path out;
  private final CellStore store;
  private final Device device;
  private final Progress.Display display;

  /**
   * Begins.
   *
   * @param out folder of the cells, new or that of an earlier run
   */
  public BenchRun(GridConfig grid, Path out, Device device, Progress.Display display) {
    this.grid = grid;
    this.out = out;
    this.store = new CellStore(out);
    this.device = device;
    this.display = display;
  }

  /** Returns where a model's activations are kept. */
  static Path activations(Path out, BenchModel model) {
    return out.resolve("activations").resolve(model.name() + "-" + BenchCell.hash(model.data()));
  }

  /**
   * Does what is missing.
   *
   * @throws IOException when a model cannot be read, or a cell not be written or read
   * @throws IllegalArgumentException with the JSON field's name, before anything is trained, when a
   *     kind is not possible
   */
  public void run() throws IOException {
    grid.cells().forEach(BenchCell::folderName);
    Forecast forecast = Forecast.of(grid, store, out, device);
    if (forecast.cells() == 0) {
      display.note("megabench: all %d cells are there".formatted(grid.cells().size()));
    } else {
      new DiskPlan(out, forecast.bytes(), 0, 0).requireFits();
      display.note(
          String.format(
              Locale.ROOT,
              "megabench: %d of %d cells to do, about %s and %.0f MiB",
              forecast.cells(),
              grid.cells().size(),
              Progress.duration(forecast.seconds()),
              forecast.bytes() / MEBIBYTE));
      long began = System.nanoTime();
      Json.write(out.resolve("grid.json"), grid);
      for (BenchModel model : grid.models()) {
        run(model);
      }
      double seconds = (System.nanoTime() - began) / NANOSECONDS;
      display.note(
          String.format(
              Locale.ROOT,
              "megabench: took %s, %+.0f %% of what was predicted",
              Progress.duration(seconds),
              100 * (seconds / forecast.seconds() - 1)));
    }
    SeedPairs.addMissing(store, device);
  }

  private void run(BenchModel model) throws IOException {
    List<BenchCell> missing = new ArrayList<>();
    for (BenchCell cell : grid.cells(model)) {
      if (!CellStore.isFinished(store.folder(cell))) {
        missing.add(cell);
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    try (Suite suite =
        Suite.of(model.data().open(activations(out, model), device, display), device)) {
      for (int i = 0; i < missing.size(); i++) {
        BenchCell cell = missing.get(i);
        CellMeasurements measured = run(cell, suite);
        display.note(
            "cell %d of %d  %s  measured in %s"
                .formatted(i + 1, missing.size(), cell, Progress.duration(measured.seconds())));
      }
    }
  }

  private CellMeasurements run(BenchCell cell, Suite suite) throws IOException {
    Path folder = store.folder(cell);
    Optional<CellRecord> found = CellStore.cell(folder);
    CellRecord record = found.isPresent() ? found.get() : train(cell, suite, folder);
    return measure(suite, CellStore.sae(folder, device), record, folder);
  }

  /** Measures and writes. */
  static CellMeasurements measure(Suite suite, Sae sae, CellRecord record, Path folder)
      throws IOException {
    long began = System.nanoTime();
    Readings readings = suite.measure(sae, record, folder.resolve(CellStore.SAE));
    CellMeasurements measured =
        new CellMeasurements(
            Metric.VERSION, (System.nanoTime() - began) / NANOSECONDS, readings.values());
    CellStore.write(folder, measured);
    return measured;
  }

  private CellRecord train(BenchCell cell, Suite suite, Path folder) throws IOException {
    Optional<Baseline> baseline = Baseline.of(cell.kind());
    if (baseline.isPresent()) {
      Sae made =
          Baselines.of(suite.data(), cell.seed(), device)
              .make(baseline.get(), cell.dSae(), cell.k(), cell.seed());
      return write(cell, made, Optional.empty(), folder);
    }
    SaeConfig config = cell.settings().orElseThrow().config(suite.data().dIn());
    SeedTraining training =
        SeedTraining.of(
            cell.kind(), config, cell.train(), suite.data().training(cell.seed()), device, display);
    CellRecord.Training cost =
        new CellRecord.Training(
            training.seconds(),
            SeedTraining.flops(config, cell.k(), cell.train()),
            new SaeTrainer(device, cell.train()).plan(config).total());
    return write(cell, training.sae(), Optional.of(cost), folder);
  }

  private static CellRecord write(
      BenchCell cell, Sae sae, Optional<CellRecord.Training> training, Path folder)
      throws IOException {
    CellRecord record =
        new CellRecord(
            cell.model().name(),
            cell.model().hook(),
            cell.model().layer(),
            cell.kind(),
            false,
            sae.dSae(),
            cell.k() > 0 ? cell.k() : sae.maxActive(),
            cell.seed(),
            training);
    CellStore.writeCell(folder, record, sae);
    return record;
  }
}
