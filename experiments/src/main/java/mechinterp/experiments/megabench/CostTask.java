package mechinterp.experiments.megabench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.megabench.Metric;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** What an autoencoder costs. */
final class CostTask {
  private static final int TOKENS = 64;
  private static final int WARM_UP = 20;
  private static final int ROUNDS = 200;
  private static final double MEDIAN = 0.5;
  private static final double SLOW = 0.99;
  private static final double MILLISECOND = 1e6;

  private CostTask() {}

  /**
   * Measures.
   *
   * @param folder of the autoencoder's files
   */
  static void measure(
      Readings readings, Sae sae, ActivationStore store, CellRecord cell, Path folder)
      throws IOException {
    cell.training()
        .ifPresent(training -> {
          readings.put(Metric.TRAIN_SECONDS, training.seconds());
          readings.put(Metric.TRAIN_FLOPS, training.flops());
          readings.put(Metric.PEAK_BYTES, (double) training.peakBytes());
        });
    double[] milliseconds = encoding(sae, store);
    readings.put(Metric.ENCODE_P50, quantile(milliseconds, MEDIAN));
    readings.put(Metric.ENCODE_P99, quantile(milliseconds, SLOW));
    readings.put(Metric.FILE_BYTES, (double) bytes(folder));
  }

  private static double[] encoding(Sae sae, ActivationStore store) {
    Device device = sae.device();
    int tokens = Math.min(TOKENS, store.tokens());
    float[] rows = new float[tokens * store.dIn()];
    store.read(0, tokens, rows, 0);
    FloatMatrix x = device.matrix(tokens, store.dIn(), rows);
    SparseCodes codes = sae.newCodes(tokens);
    double[] milliseconds = new double[ROUNDS];
    for (int round = -WARM_UP; round < ROUNDS; round++) {
      long began = System.nanoTime();
      sae.encode(codes, x);
      if (round >= 0) {
        milliseconds[round] = (System.nanoTime() - began) / MILLISECOND;
      }
    }
    Arrays.sort(milliseconds);
    return milliseconds;
  }

  private static double quantile(double[] sorted, double share) {
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }

  private static long bytes(Path folder) throws IOException {
    try (Stream<Path> walked = Files.walk(folder)) {
      List<Path> files = walked.filter(Files::isRegularFile).toList();
      long sum = 0;
      for (Path file : files) {
        sum += Files.size(file);
      }
      return sum;
    }
  }
}
