package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.synthetic.SyntheticActivations;
import mechinterp.synthetic.SyntheticConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class FeatureRecoveryTest {
  private static final int FEATURES = 12;
  private static final int D_IN = 8;
  private static final int TOKENS = 400;

  private final Device device = CpuDevice.scalar();
  private final SyntheticActivations activations =
      new SyntheticActivations(
          new SyntheticConfig(
              FEATURES,
              D_IN,
              new SyntheticConfig.Zipf(0.5, 0.4, 0.1),
              Optional.empty(),
              Optional.empty(),
              4,
              0.5,
              0,
              Optional.empty(),
              1),
          device);
  private final FiredFeatures fired = activations.features(0, TOKENS);

  @AfterEach
  void close() {
    device.close();
  }

  /** Latent j is active exactly where feature {@code detects[j]} fires. */
  private void addDetectors(FeatureRecovery recovery, int[] detects) {
    int[] indices = new int[TOKENS * detects.length];
    int[] counts = new int[TOKENS];
    for (int t = 0; t < TOKENS; t++) {
      for (int i = 0; i < fired.count(t); i++) {
        for (int latent = 0; latent < detects.length; latent++) {
          if (detects[latent] == fired.feature(t, i)) {
            indices[t * detects.length + counts[t]++] = latent;
          }
        }
      }
    }
    recovery.add(indices, counts, detects.length, fired);
  }

  @Test
  void theTrueFeaturesThemselvesArePerfect() {
    FloatMatrix half = device.floats(FEATURES, D_IN);
    device.kernels().scale(half, activations.directions(), -0.5f);
    FeatureRecovery recovery = new FeatureRecovery(device, half, activations.directions());
    addDetectors(recovery, new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});

    assertEquals(1, recovery.result().f1(), 1e-12);
    assertEquals(1, recovery.result().precision(), 1e-12);
    assertEquals(1, recovery.result().recall(), 1e-12);
    assertEquals(1, recovery.result().matchedCosine(), 1e-6);
    assertEquals(1, recovery.result().uniqueness(), 1e-12);
  }

  @Test
  void silentLatentsDetectNothing() {
    FeatureRecovery recovery =
        new FeatureRecovery(device, activations.directions(), activations.directions());
    recovery.add(new int[TOKENS], new int[TOKENS], 1, fired);

    assertEquals(0, recovery.result().f1(), 0);
    assertEquals(1, recovery.result().matchedCosine(), 1e-6);
  }

  @Test
  void alwaysActiveLatentsHaveFullRecallAndTheFeaturesRateAsPrecision() {
    FloatMatrix first = activations.directions().rowRange(0, 1);
    FeatureRecovery recovery = new FeatureRecovery(device, first, activations.directions());
    int[] counts = new int[TOKENS];
    Arrays.fill(counts, 1);
    recovery.add(new int[TOKENS], counts, 1, fired);

    double fires = 0;
    for (int t = 0; t < TOKENS; t++) {
      fires += fired.count(t) > 0 && fired.feature(t, 0) == 0 ? 1 : 0;
    }
    double rate = fires / TOKENS;
    assertEquals(1, recovery.result().recall(), 0);
    assertEquals(rate, recovery.result().precision(), 1e-12);
    assertEquals(2 * rate / (1 + rate), recovery.result().f1(), 1e-12);
  }

  @Test
  void twoLatentsForOneFeatureAreNotUniqueAndOnlyOneIsMatched() {
    FloatMatrix rows = device.floats(2, D_IN);
    device.kernels().copy(rows.row(0), activations.directions().row(3));
    device.kernels().copy(rows.row(1), activations.directions().row(3));
    FeatureRecovery recovery = new FeatureRecovery(device, rows, activations.directions());
    addDetectors(recovery, new int[] {3, 3});

    assertEquals(0.5, recovery.result().uniqueness(), 0);
    assertEquals(1, recovery.result().f1(), 1e-12);
    assertEquals((1 + secondNearest(3)) / 2, recovery.result().matchedCosine(), 1e-6);
  }

  private double secondNearest(int feature) {
    float[] rows = device.toHost(activations.directions());
    double second = 0;
    for (int i = 0; i < FEATURES; i++) {
      double dot = 0;
      for (int c = 0; c < D_IN; c++) {
        dot += (double) rows[i * D_IN + c] * rows[feature * D_IN + c];
      }
      second = i == feature ? second : Math.max(second, Math.abs(dot));
    }
    return second;
  }
}
