package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.TopKConfig;
import org.junit.jupiter.api.Test;

/** Trainings that go wrong, and one that does not. */
final class TrainingHealthTest {
  private static final TopKConfig SAE = new TopKConfig(24, 64, 3);

  private final Device device = CpuDevice.scalar();

  private static TrainConfig healthy() {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * 150)
        .learningRate(3e-3)
        .bDecSample(500)
        .auxK(AuxKConfig.defaults().withDeadAfterTokens(3200))
        .build();
  }

  private List<String> warnings(TrainConfig config) {
    return warnings(SAE, config);
  }

  private List<String> warnings(SaeConfig sae, TrainConfig config) {
    List<String> warnings = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          @Override
          public void warned(String warning) {
            warnings.add(warning);
          }
        };
    KnownFeatures data = new KnownFeatures(device, SAE.dIn(), 40, 3, 11);
    try {
      new SaeTrainer(device, config).train(sae, data, listener);
    } catch (TrainingException e) {
      warnings.add("ended: " + e.getMessage());
    }
    return warnings;
  }

  private static void assertOne(List<String> warnings, String begin, String advice) {
    List<String> found = warnings.stream().filter(each -> each.contains(begin)).toList();
    assertEquals(1, found.size(), warnings.toString());
    assertTrue(found.getFirst().contains(advice), found.getFirst());
    assertEquals(1, found.getFirst().lines().count());
  }

  @Test
  void aHealthyTrainingIsNotWarnedOf() {
    assertEquals(List.of(), warnings(healthy()));
  }

  @Test
  void collapsingL0IsTold() {
    TrainConfig tooFast =
        healthy().toBuilder().learningRate(3).warmUpFraction(0.3).decayFraction(0).build();
    assertOne(warnings(tooFast), "L0 has fallen to", "try a lower learning_rate");
  }

  @Test
  void risingFvuIsTold() {
    TrainConfig tooFast =
        healthy().toBuilder()
            .learningRate(2)
            .warmUpFraction(1)
            .decayFraction(0)
            .decoderNorm(DecoderNorm.FREE)
            .build();
    assertOne(warnings(tooFast), "FVU has risen to", "max_gradient_norm");
  }

  @Test
  void growingWeightsAreTold() {
    TrainConfig tooFast =
        healthy().toBuilder()
            .learningRate(2)
            .warmUpFraction(1)
            .decayFraction(0)
            .decoderNorm(DecoderNorm.FREE)
            .build();
    assertOne(warnings(tooFast), "mean norm", "decoder_norm unit");
  }

  @Test
  void manyDeadLatentsAreTold() {
    TrainConfig uncentred =
        healthy().toBuilder()
            .bDecInit(DecoderBiasInit.ZERO)
            .bDecSample(TrainConfig.defaults().bDecSample())
            .auxK(AuxKConfig.defaults().withAlpha(0).withDeadAfterTokens(640))
            .build();
    assertOne(warnings(uncentred), "% of the latents are dead", "b_dec_init geometric_median");
  }

  @Test
  void anL0FarFromItsTargetIsTold() {
    StandardConfig slow =
        new StandardConfig(
            SAE.dIn(), SAE.dSae(), Optional.of(new SparsityConfig(1e-6, Optional.of(3.0), 0.1)));
    TrainConfig tooShort = healthy().toBuilder().tokens(64L * 30).build();
    List<String> warnings = warnings(slow, tooShort);
    assertOne(warnings, "above the 3.0 that are wanted", "a larger sparsity.coefficient");
  }

  @Test
  void anL0AtItsTargetIsNotTold() {
    StandardConfig controlled = StandardConfig.of(SAE.dIn(), SAE.dSae(), 3);
    assertEquals(List.of(), warnings(controlled, healthy().toBuilder().tokens(64L * 600).build()));
  }
}
