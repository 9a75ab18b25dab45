package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.synthetic.FeatureForest;
import mechinterp.synthetic.FiredFeatures;
import mechinterp.synthetic.SyntheticActivations;
import mechinterp.synthetic.SyntheticConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Features 0 and 1 are roots, 2 and 3 children of 0, 4 and 5 children of 1. */
final class FeatureAbsorptionTest {
  private static final int FEATURES = 6;
  private static final int TOKENS = 500;

  private final Device device = CpuDevice.scalar();
  private final SyntheticActivations activations =
      new SyntheticActivations(
          new SyntheticConfig(
              FEATURES,
              8,
              new SyntheticConfig.Zipf(0.1, 0.5, 0.4),
              Optional.of(new SyntheticConfig.Hierarchy(2, 2, 1, 0, false, false)),
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

  /** Latent j is of feature {@code features[j]}; it is silent where {@code silenced} says so. */
  private double rate(int[] features, Silence silenced) {
    FeatureAbsorption absorption = new FeatureAbsorption(features, activations.forest());
    int[] indices = new int[TOKENS * features.length];
    int[] counts = new int[TOKENS];
    for (int t = 0; t < TOKENS; t++) {
      int token = t;
      IntPredicate fires =
          feature ->
              IntStream.range(0, fired.count(token))
                  .anyMatch(i -> fired.feature(token, i) == feature);
      for (int latent = 0; latent < features.length; latent++) {
        if (fires.test(features[latent]) && !silenced.at(features[latent], fires)) {
          indices[t * features.length + counts[t]++] = latent;
        }
      }
    }
    absorption.add(indices, counts, features.length, fired);
    return absorption.rate();
  }

  private interface Silence {
    boolean at(int feature, IntPredicate fires);
  }

  @Test
  void theForestIsAsTheTestAssumes() {
    FeatureForest forest = activations.forest();
    assertEquals(FEATURES, forest.features());
    assertEquals(FeatureForest.NONE, forest.parent(1));
    assertEquals(0, forest.parent(3));
    assertEquals(1, forest.parent(4));
  }

  @Test
  void theTrueFeaturesAbsorbNothing() {
    assertEquals(0, rate(new int[] {0, 1, 2, 3, 4, 5}, (_, _) -> false));
  }

  @Test
  void parentsThatAreSilentWheneverAChildFiresAreAllAbsorbed() {
    assertEquals(
        1,
        rate(
            new int[] {0, 1, 2, 3, 4, 5},
            (feature, fires) ->
                (feature == 0 && (fires.test(2) || fires.test(3)))
                    || (feature == 1 && (fires.test(4) || fires.test(5)))));
  }

  @Test
  void oneAbsorbingChildCountsByItsShareOfThePairs() {
    int all = 0;
    int ofTwo = 0;
    for (int t = 0; t < TOKENS; t++) {
      for (int i = 0; i < fired.count(t); i++) {
        all += fired.feature(t, i) >= 2 ? 1 : 0;
        ofTwo += fired.feature(t, i) == 2 ? 1 : 0;
      }
    }
    double rate =
        rate(
            new int[] {0, 1, 2, 3, 4, 5},
            (feature, fires) -> feature == 0 && fires.test(2) && !fires.test(3));
    double both =
        rate(new int[] {0, 1, 2, 3, 4, 5}, (feature, fires) -> feature == 0 && fires.test(2));
    assertTrue(rate < (double) ofTwo / all, rate + " of " + ofTwo + " in " + all);
    assertTrue(both >= (double) ofTwo / all, both + " of " + ofTwo + " in " + all);
  }

  @Test
  void whoeverHasNoLatentOrIsSilentHimselfIsNoAbsorber() {
    assertEquals(0, rate(new int[] {2, 3, 4, 5}, (_, _) -> false));
    assertEquals(0, rate(new int[] {0, 1}, (feature, _) -> feature == 0));
    assertEquals(0, rate(new int[] {0, 1, 2, 3, 4, 5}, (_, _) -> true));
  }

  @Test
  void aSecondLatentOfTheParentThatIsActiveSavesIt() {
    assertEquals(0, rate(new int[] {0, 0, 1, 2, 3}, (_, _) -> false));
  }
}
