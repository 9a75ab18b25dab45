package mechinterp.experiments.ladder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mechinterp.random.RandomStream;
import mechinterp.scaling.Covariate;
import mechinterp.scaling.FitSettings;
import mechinterp.scaling.ScalingPoint;
import mechinterp.scaling.ScalingPoints;
import mechinterp.scaling.ScalingSetting;
import org.junit.jupiter.api.Test;

class PredictedModelTest {
  private static final FitSettings SETTINGS = FitSettings.defaults().withDraws(40);

  /** Losses of the unified law for models of 1e5 to 1e8 parameters. */
  private static ScalingPoints points(int models, double lastFactor) {
    List<ScalingPoint> points = new ArrayList<>();
    RandomStream noise = RandomStream.of(3, "noise");
    for (int model = 0; model < models; model++) {
      double size = 1e5 * Math.pow(10, model);
      for (double latents : new double[] {256, 1024, 4096}) {
        for (double k : new double[] {8, 32}) {
          for (double tokens : new double[] {1e5, 1e6}) {
            for (int seed = 1; seed <= 2; seed++) {
              double loss =
                  0.02
                      + Math.exp(1)
                          * Math.pow(latents, -0.3)
                          * Math.pow(k, -0.4)
                          * Math.pow(tokens, -0.1)
                          * Math.pow(size, 0.1);
              float[] normal = new float[1];
              noise.fillGaussian(normal, points.size(), 0.03);
              double factor = model == models - 1 ? lastFactor : 1;
              points.add(
                  new ScalingPoint(
                      "m" + model,
                      new ScalingSetting(
                          "topk",
                          Map.of(
                              Covariate.D_SAE,
                              latents,
                              Covariate.K,
                              k,
                              Covariate.TOKENS,
                              tokens,
                              Covariate.MODEL_PARAMS,
                              size)),
                      seed,
                      factor * loss * Math.exp(normal[0])));
            }
          }
        }
      }
    }
    return new ScalingPoints("fvu", points);
  }

  @Test
  void aLawThatHoldsPredictsTheLargestModel() {
    PredictedModel predicted = PredictedModel.of(points(4, 1), SETTINGS);
    assertEquals("m3", predicted.model());
    assertEquals("m2", predicted.chosenOn());
    assertTrue(predicted.test().orElseThrow().error() < 0.1);
    String first = predicted.markdown().lines().findFirst().orElseThrow();
    assertTrue(first.startsWith("fvu of m3: the prediction "), first);
    assertTrue(predicted.markdown().contains("| gao_joint |"), predicted.markdown());
  }

  @Test
  void aModelThatBreaksTheLawIsSaidInTheFirstLine() {
    String report = PredictedModel.of(points(4, 1.5), SETTINGS).markdown();
    assertTrue(report.startsWith("fvu of m3: the prediction MISSED."), report);
    assertTrue(report.contains("(outside)"), report);
  }

  @Test
  void twoModelsAreTooFew() {
    ScalingPoints two = points(2, 1);
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> PredictedModel.of(two, SETTINGS));
    assertEquals(
        "points: are of [m0, m1]; a law needs 1 model to fit, 1 to choose its form on and 1 to test it on, so at least 3",
        refused.getMessage());
  }
}
