package mechinterp.circuits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.LoadOptions;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.TopKConfig;
import org.junit.jupiter.api.Test;

/** Estimates against exact effects of latents on subject-verb agreement of the shipped model. */
final class FeatureAgreementTest {
  private static final int LATENTS = 512;

  /** Random directions: what is tested is the estimate, not the dictionary. */
  private static FeatureSite site(Transformer model, HookPoint hook) {
    Sae sae = Sae.allocate(model.device(), new TopKConfig(model.width(hook), LATENTS, 16));
    SaeWeights weights = sae.weights();
    float[] rows = new float[(int) weights.wDec().size()];
    RandomStream.of(1, hook.toString()).fillGaussian(rows, 0, 1);
    model.device().upload(weights.wDec(), rows, 0);
    model.device().kernels().normalizeRows(weights.wDec(), weights.wDec());
    model.device().kernels().copy(weights.wEnc(), weights.wDec());
    sae.weightsChanged();
    return new FeatureSite(hook, sae);
  }

  @Test
  void estimatesAgreeWithExactEffects() throws IOException {
    try (Device device = CpuDevice.vector(2)) {
      Transformer model = Models.load("tiny-lm", device, LoadOptions.frozen());
      CircuitTask task = TaskTemplate.AGREEMENT.examples(model.tokenizer(), 8, 0);
      FeatureModel features =
          new FeatureModel(
              model,
              List.of(
                  site(model, HookPoint.residPost(0)),
                  site(model, HookPoint.mlpOut(1)),
                  site(model, HookPoint.attnOut(2)),
                  site(model, HookPoint.residPost(3))));
      FeatureSettings settings = FeatureSettings.defaults();
      Effects<FeatureNode> exact = new FeaturePatching(features, task, settings, _ -> {}).effects();
      FeatureAttribution attribution = new FeatureAttribution(features, task, settings, _ -> {});
      Effects<FeatureNode> gradient = attribution.effects(new Attribution.Gradient());
      Effects<FeatureNode> integrated =
          attribution.effects(new Attribution.IntegratedGradients(10, IntegrationPath.ACTIVATIONS));
      RankAgreement ofGradient = RankAgreement.of(gradient.means(), exact.means(), 20);
      RankAgreement ofIntegrated = RankAgreement.of(integrated.means(), exact.means(), 20);

      assertEquals(exact.items(), gradient.items());
      assertTrue(ofGradient.spearman() > 0.9, ofGradient.toString());
      assertTrue(ofGradient.pearson() > 0.95, ofGradient.toString());
      assertTrue(ofIntegrated.spearman() > 0.9, ofIntegrated.toString());
      assertTrue(attribution.completenessError(integrated) < 0.01);
      assertTrue(attribution.completenessError(gradient) > 0.01);
    }
  }
}
