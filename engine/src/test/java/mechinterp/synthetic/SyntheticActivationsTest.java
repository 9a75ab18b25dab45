package mechinterp.synthetic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SyntheticActivationsTest {
  private static final int FEATURES = 90;
  private static final int D_IN = 24;

  private final Device device = CpuDevice.best(2);

  @AfterEach
  void close() {
    device.close();
  }

  private static SyntheticConfig config(
      Optional<SyntheticConfig.Hierarchy> hierarchy,
      Optional<SyntheticConfig.Correlation> correlation,
      Optional<SyntheticConfig.Orthogonalization> orthogonalization) {
    return new SyntheticConfig(
        FEATURES,
        D_IN,
        new SyntheticConfig.Zipf(0.5, 0.4, 0.02),
        hierarchy,
        correlation,
        4,
        0.5,
        10,
        orthogonalization,
        3);
  }

  private static SyntheticConfig plain() {
    return config(Optional.empty(), Optional.empty(), Optional.empty());
  }

  private static Optional<SyntheticConfig.Hierarchy> hierarchy(boolean compensate) {
    return Optional.of(new SyntheticConfig.Hierarchy(6, 3, 2, 0.5, compensate, true));
  }

  @Test
  void anActivationIsTheSumOfItsFeaturesAndTheBias() {
    SyntheticActivations activations = new SyntheticActivations(plain(), device);
    FiredFeatures fired = activations.features(5, 7);
    FloatMatrix x = device.floats(7, D_IN);

    activations.write(x, fired);

    float[] values = device.toHost(x);
    float[] directions = device.toHost(activations.directions());
    double[] bias = biasOf(activations);
    for (int t = 0; t < 7; t++) {
      for (int j = 0; j < D_IN; j++) {
        double expected = bias[j];
        for (int i = 0; i < fired.count(t); i++) {
          expected += fired.magnitude(t, i) * directions[fired.feature(t, i) * D_IN + j];
        }
        assertEquals(expected, values[t * D_IN + j], 1e-4);
      }
    }
  }

  /** The bias is what is left of an activation when its features are taken away. */
  private double[] biasOf(SyntheticActivations activations) {
    FiredFeatures none = new FiredFeatures(new int[2], new int[0], new float[0]);
    FloatMatrix x = device.floats(1, D_IN);
    activations.write(x, none);
    double[] bias = new double[D_IN];
    double squares = 0;
    float[] values = device.toHost(x);
    for (int j = 0; j < D_IN; j++) {
      bias[j] = values[j];
      squares += bias[j] * bias[j];
    }
    assertEquals(10, Math.sqrt(squares), 1e-5);
    return bias;
  }

  @Test
  void anActivationDependsOnItsNumberAlone() {
    SyntheticActivations all =
        new SyntheticActivations(
            config(
                hierarchy(true),
                Optional.of(new SyntheticConfig.Correlation(4, 0.3)),
                Optional.empty()),
            device);
    FloatMatrix together = device.floats(100, D_IN);
    all.next(together);
    FloatMatrix some = device.floats(13, D_IN);
    all.seek(61);
    all.next(some);

    assertEquals(74, all.position());
    assertArrayEquals(device.toHost(together.rowRange(61, 74)), device.toHost(some));
  }

  @Test
  void featuresFireAsOftenAsZipfSays() {
    SyntheticConfig config = plain();
    double[] rates = rates(new SyntheticActivations(config, device), 20_000);

    double[] wanted = SyntheticActivations.wantedProbabilities(config);
    assertEquals(0.4, wanted[0], 1e-12);
    assertEquals(0.02, wanted[FEATURES - 1], 1e-12);
    for (int i = 0; i < FEATURES; i++) {
      assertEquals(wanted[i], rates[i], 5 * Math.sqrt(wanted[i] / 20_000), "feature " + i);
    }
  }

  @Test
  void correlationLeavesTheRatesAndTiesFeaturesTogether() {
    SyntheticConfig config =
        config(
            Optional.empty(),
            Optional.of(new SyntheticConfig.Correlation(1, 0.9)),
            Optional.empty());
    SyntheticActivations activations = new SyntheticActivations(config, device);
    double[] wanted = SyntheticActivations.wantedProbabilities(config);
    double[] rates = rates(activations, 20_000);

    double strongest = 0;
    FiredFeatures fired = activations.features(0, 20_000);
    double[] withFirst = new double[FEATURES];
    for (int t = 0; t < fired.activations(); t++) {
      if (fired.count(t) > 0 && fired.feature(t, 0) == 0) {
        for (int i = 1; i < fired.count(t); i++) {
          withFirst[fired.feature(t, i)]++;
        }
      }
    }
    for (int i = 0; i < FEATURES; i++) {
      assertEquals(wanted[i], rates[i], 5 * Math.sqrt(wanted[i] / 20_000), "feature " + i);
      double lift = withFirst[i] / 20_000 / (rates[0] * rates[i]);
      strongest = i == 0 ? 0 : Math.max(strongest, Math.abs(Math.log(lift)));
    }
    assertTrue(strongest > 0.5, "the strongest tie has log lift " + strongest);
  }

  @Test
  void aChildFiresOnlyWithItsParentAndExclusiveChildrenOneAtATime() {
    SyntheticActivations activations =
        new SyntheticActivations(
            config(hierarchy(false), Optional.empty(), Optional.empty()), device);
    FeatureForest forest = activations.forest();
    FiredFeatures fired = activations.features(0, 5000);
    int exclusiveParents = 0;
    int together = 0;
    for (int t = 0; t < fired.activations(); t++) {
      boolean[] on = new boolean[FEATURES];
      int[] childrenOn = new int[FEATURES];
      for (int i = 0; i < fired.count(t); i++) {
        int feature = fired.feature(t, i);
        int parent = forest.parent(feature);
        on[feature] = true;
        if (parent != FeatureForest.NONE) {
          assertTrue(on[parent], feature + " fires without " + parent);
          childrenOn[parent]++;
        }
      }
      for (int feature = 0; feature < FEATURES; feature++) {
        if (forest.exclusive(feature)) {
          assertTrue(childrenOn[feature] <= 1, "children of " + feature);
        } else if (childrenOn[feature] > 1) {
          together++;
        }
      }
    }
    for (int feature = 0; feature < FEATURES; feature++) {
      exclusiveParents += forest.exclusive(feature) ? 1 : 0;
    }
    assertEquals(12, exclusiveParents);
    assertTrue(together > 0, "children of other parents fire together");
  }

  @Test
  void aTreeIsNumberedBreadthFirst() {
    FeatureForest forest =
        FeatureForest.of(config(hierarchy(false), Optional.empty(), Optional.empty()));

    assertEquals(FeatureForest.NONE, forest.parent(5));
    assertEquals(0, forest.parent(6));
    assertEquals(0, forest.parent(8));
    assertEquals(1, forest.parent(9));
    assertEquals(6, forest.firstChild(0));
    assertEquals(3, forest.children(0));
    assertEquals(6, forest.parent(24));
    assertEquals(23, forest.parent(77));
    assertEquals(FeatureForest.NONE, forest.parent(78));
    assertEquals(0, forest.children(24));
  }

  @Test
  void compensationBringsTheRatesOfChildrenUp() {
    double[] plain = rates(activations(hierarchy(false)), 20_000);
    double[] compensated = rates(activations(hierarchy(true)), 20_000);

    double wanted = 0;
    double without = 0;
    double with = 0;
    for (int i = 6; i < 24; i++) {
      wanted += SyntheticActivations.wantedProbabilities(plain())[i];
      without += plain[i];
      with += compensated[i];
    }
    assertTrue(without < 0.5 * wanted, without + " of " + wanted);
    assertTrue(with > 0.7 * wanted && with < 1.1 * wanted, with + " of " + wanted);
  }

  private SyntheticActivations activations(Optional<SyntheticConfig.Hierarchy> hierarchy) {
    return new SyntheticActivations(config(hierarchy, Optional.empty(), Optional.empty()), device);
  }

  @Test
  void directionsAreUnitRowsThatStepsPushApart() {
    FloatMatrix random = new SyntheticActivations(plain(), device).directions();
    FloatMatrix apart =
        new SyntheticActivations(
                config(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(new SyntheticConfig.Orthogonalization(100, 3e-3))),
                device)
            .directions();

    assertTrue(overlaps(apart) < 0.9 * overlaps(random), overlaps(apart) + " " + overlaps(random));
  }

  /** Returns the sum of the squared cosines of different rows, which must have norm 1. */
  private double overlaps(FloatMatrix directions) {
    float[] rows = device.toHost(directions);
    double sum = 0;
    for (int i = 0; i < FEATURES; i++) {
      assertEquals(1, dot(rows, i, i), 1e-5);
      for (int j = 0; j < i; j++) {
        sum += Math.pow(dot(rows, i, j), 2);
      }
    }
    return sum;
  }

  private static double dot(float[] rows, int i, int j) {
    double sum = 0;
    for (int c = 0; c < D_IN; c++) {
      sum += (double) rows[i * D_IN + c] * rows[j * D_IN + c];
    }
    return sum;
  }

  private static double[] rates(SyntheticActivations activations, int count) {
    FiredFeatures fired = activations.features(1000, count);
    double[] rates = new double[FEATURES];
    for (int t = 0; t < count; t++) {
      for (int i = 0; i < fired.count(t); i++) {
        rates[fired.feature(t, i)] += 1.0 / count;
      }
    }
    return rates;
  }

  @Test
  void aWrongSettingIsNamed() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new SyntheticConfig.Zipf(0.5, 0.1, 0.2));

    assertEquals("min_probability: is 0.2; it must be more than 0 and at most 0.1", e.getMessage());
  }
}
