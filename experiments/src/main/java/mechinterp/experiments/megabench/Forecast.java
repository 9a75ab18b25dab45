package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.data.SyntheticData;
import mechinterp.model.LoadOptions;
import mechinterp.model.ModelInfo;
import mechinterp.model.Models;
import mechinterp.random.RandomStream;
import mechinterp.sae.TopKConfig;
import mechinterp.training.SaeTrainer;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;

/**
 * How long a run will take and what it writes, before it begins. A short training on random numbers
 * gives the time of one token, input and latent, which all the rest is measured in; the factors are
 * of quick grids on two cores. Cells of the same kind that are finished say it better.
 *
 * @param cells how many are missing
 * @param seconds of all of them
 * @param bytes that they write, activations included
 */
record Forecast(int cells, double seconds, long bytes) {
  private static final int WIDTH = 128;
  private static final int LATENTS = 512;
  private static final int BATCH = 1024;
  private static final int STEPS = 200;
  private static final int MOST_ROUNDS = 8;
  private static final double WARM = 0.95;
  private static final double NANOSECONDS = 1e9;

  /** Time of a kind's training step over TopK's. */
  private static final Map<String, Double> FACTORS =
      Map.of(
          "topk",
          1.0,
          "batchtopk",
          1.1,
          "matryoshka",
          1.6,
          "jumprelu",
          1.4,
          "gated",
          1.7,
          "hybrid",
          1.5,
          "standard",
          1.4,
          "panneal",
          1.4);

  /** Passes over the test activations that measuring takes, in units of a training token. */
  private static final double MEASURING_PASSES = 3;

  private static final double SECONDS_PER_CELL = 0.5;

  /** Time to load a model and to run it untouched and ablated. */
  private static final double SECONDS_PER_MODEL = 5;

  private static final double HARVEST_PER_PARAMETER = 0.2;
  private static final int SPLICED_TOKENS = 64;
  private static final long MEASUREMENT_BYTES = 48 << 10;
  private static final long TRAINING_NUMBERS = 2;

  /** Sizes that cost depends on. */
  private record Sizes(int width, long parameters, long storedTokens, long testTokens, long texts) {
    static Sizes of(BenchModel model) throws IOException {
      return switch (model.data()) {
        case SyntheticData data -> new Sizes(data.activations().dIn(), 0, 0, data.testTokens(), 0);
        case ModelData data -> {
          ModelInfo info = Models.info(data.model(), LoadOptions.frozen());
          long stored =
              (long) data.trainingActivations() + data.validationTokens() + data.testTokens();
          yield new Sizes(
              info.config().dModel(),
              info.parameters(),
              stored,
              data.testTokens(),
              data.splicedTexts());
        }
      };
    }
  }

  /** Forecasts what is missing of a grid. */
  static Forecast of(GridConfig grid, CellStore store, Path out, Device device) throws IOException {
    double unit = warm(device);
    double seconds = 0;
    long bytes = 0;
    int missing = 0;
    for (BenchModel model : grid.models()) {
      Sizes sizes = Sizes.of(model);
      Map<String, Double> known = finished(grid, model, store);
      boolean isHarvested = Files.exists(BenchRun.activations(out, model).resolve("test"));
      int before = missing;
      for (BenchCell cell : grid.cells(model)) {
        if (!CellStore.isFinished(store.folder(cell))) {
          missing++;
          seconds +=
              Optional.ofNullable(known.get(setting(cell)))
                  .orElseGet(() -> unit * units(cell, sizes) + SECONDS_PER_CELL);
          bytes +=
              MEASUREMENT_BYTES
                  + TRAINING_NUMBERS * Float.BYTES * latents(cell, sizes) * sizes.width;
        }
      }
      if (missing > before && sizes.parameters > 0) {
        seconds += SECONDS_PER_MODEL;
      }
      if (missing > before && !isHarvested) {
        seconds += unit * HARVEST_PER_PARAMETER * sizes.parameters * sizes.storedTokens;
        bytes += Float.BYTES * sizes.storedTokens * sizes.width;
      }
    }
    return new Forecast(missing, seconds, bytes);
  }

  private static String setting(BenchCell cell) {
    return cell.kind() + " " + cell.dSae() + " " + cell.k();
  }

  /** Returns what cells that differ by their seed alone took. */
  private static Map<String, Double> finished(GridConfig grid, BenchModel model, CellStore store)
      throws IOException {
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (BenchCell cell : grid.cells(model)) {
      Path folder = store.folder(cell);
      if (CellStore.isFinished(folder)) {
        double training =
            CellStore.cell(folder)
                .flatMap(CellRecord::training)
                .map(CellRecord.Training::seconds)
                .orElse(0.0);
        seconds.put(setting(cell), training + CellStore.measured(folder).orElseThrow().seconds());
      }
    }
    return seconds;
  }

  private static long latents(BenchCell cell, Sizes sizes) {
    return cell.dSae() > 0 ? cell.dSae() : 2L * sizes.width;
  }

  /** Returns the work of a cell: tokens times inputs times latents. */
  private static double units(BenchCell cell, Sizes sizes) {
    double weights = (double) latents(cell, sizes) * sizes.width;
    boolean isTrained = Baseline.of(cell.kind()).isEmpty();
    double training =
        isTrained
            ? Optional.ofNullable(FACTORS.get(cell.kind())).orElse(1.5) * cell.train().tokens()
            : 0;
    double splicing = HARVEST_PER_PARAMETER * sizes.parameters * SPLICED_TOKENS * sizes.texts;
    return weights * (training + MEASURING_PASSES * sizes.testTokens) + splicing;
  }

  /**
   * Returns the seconds of a token, input and latent once the machine code is warm: of short
   * trainings, until one is hardly faster than the fastest before it.
   */
  private static double warm(Device device) {
    double fastest = calibrate(device);
    for (int round = 1; round < MOST_ROUNDS; round++) {
      double again = calibrate(device);
      boolean isWarm = again > WARM * fastest;
      fastest = Math.min(fastest, again);
      if (isWarm) {
        break;
      }
    }
    return fastest;
  }

  private static double calibrate(Device device) {
    float[] values = new float[2 * BATCH * WIDTH];
    RandomStream.of(0, "calibration").fillGaussian(values, 0, 1);
    TrainConfig train =
        TrainConfig.defaults().toBuilder()
            .tokens((long) STEPS * BATCH)
            .batchSize(BATCH)
            .bDecSample(BATCH)
            .build();
    long[] times = new long[STEPS];
    var _ =
        new SaeTrainer(device, train)
            .train(
                new TopKConfig(WIDTH, LATENTS, LATENTS / 16),
                ActivationStore.inMemory(WIDTH, values).shuffled(device, 0),
                new TrainListener() {
                  @Override
                  public void step(StepMetrics metrics, int steps, double tokensPerSecond) {
                    times[Math.toIntExact(metrics.tokens() / BATCH) - 1] = System.nanoTime();
                  }
                });
    double seconds = (times[STEPS - 1] - times[STEPS / 2 - 1]) / NANOSECONDS;
    return seconds / ((double) STEPS / 2 * BATCH * WIDTH * LATENTS);
  }
}
