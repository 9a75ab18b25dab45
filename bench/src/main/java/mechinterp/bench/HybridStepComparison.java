package mechinterp.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import mechinterp.activation.ActivationStore;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.TopKConfig;
import mechinterp.synthetic.SyntheticActivations;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.training.SaeTrainer;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainListener;

/**
 * The time of a training step of HybridSAE beside TopK's: {@code HybridStepComparison THREADS
 * ROUNDS}. In each round every contender trains for some steps; shown are the median over the
 * rounds of its median step and of the ratio to TopK's within the round.
 */
public final class HybridStepComparison {
  private static final int D_IN = 384;
  private static final int D_SAE = 8192;
  private static final int K = 32;
  private static final int BATCH = 1024;
  private static final int STEPS = 16;
  private static final int WARM_UP = 4;
  private static final int TOKENS = 16 * BATCH;
  private static final double MILLISECONDS = 1e6;

  private HybridStepComparison() {}

  /**
   * Measures and prints.
   *
   * @param arguments threads and rounds
   */
  public static void main(String[] arguments) {
    int rounds = Integer.parseInt(arguments[1]);
    try (Device device = CpuDevice.vector(Integer.parseInt(arguments[0]))) {
      ActivationStore store = activations(device);
      Map<String, List<Double>> times = new LinkedHashMap<>();
      Map<String, List<Double>> ratios = new LinkedHashMap<>();
      for (int round = 0; round < rounds; round++) {
        double topK = 0;
        for (Map.Entry<String, SaeConfig> contender : contenders().entrySet()) {
          double time = medianStep(device, contender.getValue(), store);
          topK = topK == 0 ? time : topK;
          times.computeIfAbsent(contender.getKey(), _ -> new ArrayList<>()).add(time);
          ratios.computeIfAbsent(contender.getKey(), _ -> new ArrayList<>()).add(time / topK);
        }
      }
      times.forEach((name, values) ->
          System.out.printf(
              Locale.ROOT,
              "%-28s %7.1f ms a step, %.2f of TopK's%n",
              name,
              median(values),
              median(Objects.requireNonNull(ratios.get(name)))));
    }
  }

  private static Map<String, SaeConfig> contenders() {
    HybridSaeConfig hybrid = HybridSaeConfig.of(D_IN, D_SAE, K);
    Map<String, SaeConfig> contenders = new LinkedHashMap<>();
    contenders.put("topk", new TopKConfig(D_IN, D_SAE, K));
    contenders.put("hybrid, no fixed points", hybrid.withFixedPoint(0, 1));
    contenders.put("hybrid, a quarter", hybrid.withFixedPoint(hybrid.fixedPointWeight(), 0.25));
    contenders.put("hybrid", hybrid);
    contenders.put("hybrid, whole batches", hybrid.withFixedPoint(hybrid.fixedPointWeight(), 1));
    return contenders;
  }

  private static ActivationStore activations(Device device) {
    SyntheticConfig config =
        new SyntheticConfig(
            4 * D_SAE,
            D_IN,
            new SyntheticConfig.Zipf(1, 0.3, 5e-4),
            Optional.empty(),
            Optional.empty(),
            4,
            0.5,
            10,
            Optional.empty(),
            1);
    FloatMatrix x = device.floats(TOKENS, D_IN);
    new SyntheticActivations(config, device).next(x);
    return ActivationStore.inMemory(D_IN, device.toHost(x));
  }

  private static double medianStep(Device device, SaeConfig sae, ActivationStore store) {
    TrainConfig config =
        TrainConfig.defaults().toBuilder()
            .batchSize(BATCH)
            .tokens((long) STEPS * BATCH)
            .bDecSample(BATCH)
            .learningRate(1e-3)
            .build();
    List<Double> steps = new ArrayList<>();
    TrainListener clock =
        new TrainListener() {
          private long before = System.nanoTime();

          @Override
          public void step(StepMetrics metrics, int all, double tokensPerSecond) {
            long now = System.nanoTime();
            steps.add((now - before) / MILLISECONDS);
            before = now;
          }
        };
    new SaeTrainer(device, config).train(sae, store.shuffled(device, 0), clock);
    return median(steps.subList(WARM_UP, steps.size()));
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
