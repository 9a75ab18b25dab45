package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.OpaqueDevice;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import org.junit.jupiter.api.Test;

class SaeEvaluatorTest {
  private static final int TOKENS = 30;
  private static final int D_IN = 6;

  private final float[] activations = random("x", TOKENS * D_IN);

  private static float[] random(String name, int count) {
    float[] values = new float[count];
    RandomStream.of(2, name).fillGaussian(values, 0, 1);
    return values;
  }

  private static TopKSae sae(Device device) {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(D_IN, 11, 3));
    SaeWeights weights = sae.weights();
    device.upload(weights.wEnc(), random("W_enc", 11 * D_IN), 0);
    device.upload(weights.wDec(), random("W_dec", 11 * D_IN), 0);
    sae.weightsChanged();
    return sae;
  }

  private SaeEvaluator evaluated(Device device, int batchSize) {
    SaeEvaluator evaluator = new SaeEvaluator(sae(device), batchSize);
    for (int from = 0; from < TOKENS; from += batchSize) {
      int to = Math.min(TOKENS, from + batchSize);
      evaluator.add(Arrays.copyOfRange(activations, from * D_IN, to * D_IN), to - from);
    }
    return evaluator;
  }

  @Test
  void theResultHasTheSameBitsForAnyBatchSizeAndOnMemoryThatCannotBeRead() {
    ReconstructionMetrics metrics = evaluated(CpuDevice.scalar(), TOKENS).metrics();
    assertEquals(metrics, evaluated(CpuDevice.scalar(), 7).metrics());
    assertEquals(metrics, evaluated(new OpaqueDevice(), 1).metrics());
    assertEquals(TOKENS, metrics.tokens());
  }

  @Test
  void densitiesAddUpToTheActiveLatentsOfAToken() {
    SaeEvaluator evaluator = evaluated(CpuDevice.scalar(), 8);
    double sum = 0;
    for (int f = 0; f < evaluator.density().latents(); f++) {
      sum += evaluator.density().of(f);
    }
    assertEquals(evaluator.metrics().l0(), sum, 1e-12);
  }

  private static final int LAYERS = 3;
  private static final int LATENTS = 4;

  private static ThresholdSae trained(Device device) {
    ThresholdSae sae =
        ThresholdSae.allocate(
            device, new CrossLayerTranscoderConfig(LAYERS, D_IN, LAYERS * LATENTS, 5));
    for (SaeParameter parameter : sae.parameters()) {
      device.upload(parameter.value(), random(parameter.name(), (int) parameter.value().size()), 0);
    }
    device.kernels().fill(sae.thresholds(), 0.3f);
    sae.weightsChanged();
    return sae;
  }

  @Test
  void aCrossLayerTranscoderIsMeasuredAsWhatItWasTrainedAs() {
    Device device = CpuDevice.scalar();
    float[] rows = random("rows", TOKENS * 2 * LAYERS * D_IN);
    ThresholdSae sae = trained(device);
    SaeEvaluator whole = new SaeEvaluator(sae, TOKENS);
    whole.add(rows, TOKENS);
    SaeEvaluator byLayers = new SaeEvaluator(CrossLayerTranscoder.of(sae), TOKENS);
    byLayers.add(rows, TOKENS);

    assertEquals(whole.metrics().fvu(), byLayers.metrics().fvu(), 1e-6);
    assertEquals(whole.metrics().l0(), byLayers.metrics().l0());
    assertEquals(whole.metrics().deadFraction(), byLayers.metrics().deadFraction());
    assertEquals(whole.metrics().cosine(), byLayers.metrics().cosine(), 1e-6);
    assertEquals(LAYERS, byLayers.fvuOfHookPoints().size());
    for (int layer = 0; layer < LAYERS; layer++) {
      assertEquals(whole.fvuOfHookPoints().get(layer), byLayers.fvuOfHookPoints().get(layer), 1e-6);
    }
    for (int latent = 0; latent < LAYERS * LATENTS; latent++) {
      assertEquals(whole.density().of(latent), byLayers.density().of(latent));
    }
  }

  /** The skip connections alone make the targets exactly, the latents nothing. */
  @Test
  void skipConnectionsOfACrossLayerTranscoderCount() {
    Device device = CpuDevice.scalar();
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoder.allocate(device, new CrossLayerSizes(2, 2, 3, true));
    for (int layer = 0; layer < 2; layer++) {
      device.upload(transcoder.skip(layer).orElseThrow(), new float[] {0, 2, 1, 0}, 0);
    }
    transcoder.weightsChanged();
    float[] rows = new float[TOKENS * 8];
    float[] x = random("x", TOKENS * 4);
    for (int t = 0; t < TOKENS; t++) {
      for (int layer = 0; layer < 2; layer++) {
        rows[t * 8 + layer * 2] = x[t * 4 + layer * 2];
        rows[t * 8 + layer * 2 + 1] = x[t * 4 + layer * 2 + 1];
        rows[t * 8 + 4 + layer * 2] = 2 * x[t * 4 + layer * 2 + 1];
        rows[t * 8 + 4 + layer * 2 + 1] = x[t * 4 + layer * 2];
      }
    }
    SaeEvaluator evaluator = new SaeEvaluator(transcoder, TOKENS);
    evaluator.add(rows, TOKENS);
    assertEquals(0, evaluator.metrics().fvu(), 1e-12);
    assertEquals(0, evaluator.metrics().l0());
    assertEquals(1, evaluator.metrics().deadFraction());
  }
}
