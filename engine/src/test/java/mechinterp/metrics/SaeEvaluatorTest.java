package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.OpaqueDevice;
import mechinterp.random.RandomStream;
import mechinterp.sae.SaeWeights;
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
}
