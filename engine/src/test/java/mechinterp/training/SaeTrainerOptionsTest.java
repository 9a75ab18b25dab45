package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.optim.AdamConfig;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeInit;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import org.junit.jupiter.api.Test;

/** What each of the optional settings of training does. */
final class SaeTrainerOptionsTest {
  private static final TopKConfig SAE = new TopKConfig(16, 40, 2);

  private final Device device = CpuDevice.scalar();

  /** A constant rate, so that a run of fewer steps is the begin of a longer one. */
  private static TrainConfig config(int steps) {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * steps)
        .learningRate(5e-3)
        .warmUpFraction(0)
        .decayFraction(0)
        .bDecInit(DecoderBiasInit.ZERO)
        .decoderNorm(DecoderNorm.FREE)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(320))
        .build();
  }

  private TrainedSae train(TrainConfig config) {
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 24, 2, 11);
    return new SaeTrainer(device, config).train(SAE, data, TrainListener.none());
  }

  private Sae initial(TrainConfig config) {
    TopKSae sae = TopKSae.allocate(device, SAE);
    SaeInit.initialize(sae, config.seed(), new float[SAE.dIn()]);
    return sae;
  }

  private double distance(Sae a, Sae b) {
    double squares = 0;
    List<SaeParameter> parameters = a.parameters();
    for (int i = 0; i < parameters.size(); i++) {
      float[] from = device.toHost(parameters.get(i).value());
      float[] to = device.toHost(b.parameters().get(i).value());
      for (int j = 0; j < from.length; j++) {
        squares += Math.pow(from[j] - to[j], 2);
      }
    }
    return Math.sqrt(squares);
  }

  /** With betas 0 and an epsilon far above the gradient, Adam's step is rate gradient / epsilon. */
  @Test
  void aClippedGradientIsAsLongAsItMayBe() {
    AdamConfig nearlyPlain = new AdamConfig(0, 0, 0.99);
    TrainConfig config = config(1).toBuilder().learningRate(0.99).adam(nearlyPlain).build();
    TrainConfig clipped = config.toBuilder().maxGradientNorm(1e-3).build();
    TrainConfig loose = config.toBuilder().maxGradientNorm(1e3).build();

    double free = distance(initial(config), train(config).sae());
    assertTrue(free > 0.01, "without clipping it is longer: " + free);
    assertEquals(1e-3, distance(initial(config), train(clipped).sae()), 1e-5);
    assertEquals(0, distance(train(config).sae(), train(loose).sae()));
  }

  @Test
  void savedWeightsAreTheMovingAverageOfThoseAfterEachStep() {
    TrainConfig averaged = config(4).toBuilder().emaDecay(0.5).build();
    float[] expected = new float[SAE.dSae() * SAE.dIn()];
    for (int step = 1; step <= 4; step++) {
      float[] wEnc = device.toHost(train(config(step)).sae().weights().wEnc());
      for (int i = 0; i < wEnc.length; i++) {
        expected[i] += wEnc[i] * (float) (Math.pow(0.5, 4 - step) / 1.875);
      }
    }
    float[] found = device.toHost(train(averaged).sae().weights().wEnc());
    for (int i = 0; i < found.length; i++) {
      assertEquals(expected[i], found[i], 1e-6);
    }
    assertEquals(train(config(4)).history(), train(averaged).history(), "training is the same");
  }

  @Test
  void averagedDecoderRowsHaveUnitNormWhereThatIsKept() {
    TrainConfig averaged =
        config(9).toBuilder().emaDecay(0.9).decoderNorm(DecoderNorm.UNIT).build();
    float[] wDec = device.toHost(train(averaged).sae().weights().wDec());
    for (int row = 0; row < wDec.length; row += SAE.dIn()) {
      double square = 0;
      for (int j = 0; j < SAE.dIn(); j++) {
        square += wDec[row + j] * wDec[row + j];
      }
      assertEquals(1, square, 1e-5);
    }
  }

  @Test
  void theShapeOfTheFallIsThatOfTheSetting() {
    TrainConfig linear = config(10).toBuilder().decayFraction(0.8).build();
    TrainConfig cosine = linear.toBuilder().decay(LearningRateDecay.COSINE).build();
    List<StepMetrics> history = train(cosine).history();
    assertEquals(5e-3 * (1 - Math.cos(Math.PI / 8)) / 2, history.getLast().learningRate(), 1e-12);
    assertNotEquals(train(linear).history(), history);
  }
}
