package mechinterp.scaling;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import mechinterp.random.RandomStream;

/** Points of a known law: five models, three widths, three sparsities, three budgets, two kinds. */
final class SyntheticPoints {
  private static final double[] SIZES = {1e6, 4e6, 1.6e7, 6.4e7, 2.56e8};
  private static final int SEEDS = 2;

  private SyntheticPoints() {}

  /** Returns points whose ln is off by normal noise, of cells and of seeds in equal parts. */
  static ScalingPoints of(ToDoubleFunction<ScalingSetting> law, double deviation, long seed) {
    RandomStream noise = RandomStream.of(seed, "noise");
    List<ScalingPoint> points = new ArrayList<>();
    long drawn = 0;
    for (ScalingSetting setting : settings()) {
      double ofCell = noise.gaussian(drawn++);
      String model = "model-" + setting.values().get(Covariate.MODEL_PARAMS);
      for (int run = 0; run < SEEDS; run++) {
        double off = deviation * Math.sqrt(0.5) * (ofCell + noise.gaussian(drawn++));
        points.add(
            new ScalingPoint(model, setting, run, law.applyAsDouble(setting) * Math.exp(off)));
      }
    }
    return new ScalingPoints("fvu", points);
  }

  private static List<ScalingSetting> settings() {
    List<ScalingSetting> settings = new ArrayList<>();
    for (double size : SIZES) {
      for (double dSae : new double[] {1024, 4096, 16384}) {
        for (double k : new double[] {8, 32, 128}) {
          for (double tokens : new double[] {1e6, 4e6, 1.6e7}) {
            for (String kind : List.of("hybrid", "topk")) {
              settings.add(setting(kind, size, dSae, k, tokens));
            }
          }
        }
      }
    }
    return settings;
  }

  static ScalingSetting setting(String kind, double size, double dSae, double k, double tokens) {
    return new ScalingSetting(
        kind,
        Map.of(
            Covariate.MODEL_PARAMS, size,
            Covariate.D_SAE, dSae,
            Covariate.K, k,
            Covariate.TOKENS, tokens,
            Covariate.FLOPS, 6 * dSae * tokens * Math.sqrt(size),
            Covariate.INTRINSIC_DIMENSION, 20 * Math.pow(size / 1e6, 0.2) * Math.pow(k, 0.01)));
  }
}
