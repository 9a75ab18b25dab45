package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.metrics.SaeEvaluator;
import mechinterp.sae.Sae;
import mechinterp.sae.SwitchConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Switch autoencoders on known features. */
final class SwitchTrainingTest {
  private static final int D_IN = 24;
  private static final int EXPERTS = 4;
  private static final SwitchConfig SAE = SwitchConfig.of(D_IN, 160, 4, EXPERTS);
  private static final int TOKENS = 800;

  private final Device device = CpuDevice.best(1);
  private final KnownFeatures data = new KnownFeatures(device, D_IN, 24, 2, 11);

  @AfterEach
  void close() {
    device.close();
  }

  private static TrainConfig config() {
    return TrainConfig.defaults().toBuilder()
        .batchSize(128)
        .tokens(128L * 300)
        .learningRate(5e-3)
        .bDecSample(500)
        .build();
  }

  private Sae train(SwitchConfig kind) {
    return new SaeTrainer(device, config()).train(kind, data, TrainListener.none()).sae();
  }

  private FloatMatrix fresh() {
    FloatMatrix x = device.floats(TOKENS, D_IN);
    data.next(x);
    return x;
  }

  private double[] shares(Sae sae, FloatMatrix x) {
    SparseCodes codes = sae.newCodes(TOKENS);
    sae.encode(codes, x);
    int[] latents = device.toHost(codes.indices());
    double[] shares = new double[EXPERTS];
    for (int t = 0; t < TOKENS; t++) {
      shares[latents[t * codes.capacity()] / SAE.latentsOfExpert()] += 1.0 / TOKENS;
    }
    return shares;
  }

  @Test
  void expertsFindTheFeaturesAndAreEvenlyUsed() {
    Sae sae = train(SAE);
    FloatMatrix x = fresh();
    SaeEvaluator evaluator = new SaeEvaluator(sae, TOKENS);
    evaluator.add(x);
    double fvu = evaluator.metrics().fvu();
    double[] shares = shares(sae, x);
    assertTrue(fvu < 0.25, "fvu " + fvu);
    assertTrue(Arrays.stream(shares).allMatch(share -> share > 0.1), Arrays.toString(shares));
  }

  @Test
  void withoutTheLoadBalanceOneExpertTakesAll() {
    Sae sae = train(new SwitchConfig(D_IN, SAE.dSae(), SAE.k(), EXPERTS, 0));
    double[] shares = shares(sae, fresh());
    assertTrue(Arrays.stream(shares).anyMatch(share -> share > 0.9), Arrays.toString(shares));
  }

  @Test
  void whatHasNoEffectOnItIsRefused() {
    TrainConfig resampling =
        config().toBuilder().resample(new ResampleConfig(List.of(0.5), 100, 1)).build();
    assertEquals(
        "resample: does not know which expert of switch gets an activation; leave it out",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new SaeTrainer(device, resampling).train(SAE, data, TrainListener.none())));
  }
}
