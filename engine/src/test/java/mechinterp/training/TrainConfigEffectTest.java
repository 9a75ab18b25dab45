package mechinterp.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.activation.ActivationBatches;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.optim.AdamConfig;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.objective.DownstreamLoss;
import mechinterp.sae.objective.EndToEndConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No setting of training is without effect: each is changed, and the weights must change. */
final class TrainConfigEffectTest {
  private static final TopKConfig SAE = new TopKConfig(16, 60, 2);

  private final Device device = CpuDevice.scalar();

  /** Settings of which all matter: all that may be left out is there, and some latents are dead. */
  private static TrainConfig base() {
    return TrainConfig.defaults().toBuilder()
        .batchSize(64)
        .tokens(64L * 12)
        .learningRate(5e-3)
        .warmUpFraction(0.3)
        .decayFraction(0.5)
        .adam(new AdamConfig(0.9, 0.99, 1e-3))
        .bDecInit(DecoderBiasInit.MEAN)
        .bDecSample(500)
        .auxK(AuxKConfig.defaults().withKAux(55).withDeadAfterTokens(200))
        .kSchedule(new KScheduleConfig(5, 0.4))
        .resample(new ResampleConfig(List.of(0.5, 0.7), 100, 0.7))
        .maxGradientNorm(0.05)
        .emaDecay(0.8)
        .endToEnd(new EndToEndConfig(EndToEndConfig.Loss.KL, 0.5, 0.8))
        .build();
  }

  private List<float[]> weights(TrainConfig config) {
    WithDownstream data =
        new WithDownstream(device.kernels(), new KnownFeatures(device, SAE.dIn(), 24, 2, 11));
    TrainedSae trained = new SaeTrainer(device, config).train(SAE, data, TrainListener.none());
    List<float[]> weights = new ArrayList<>();
    for (SaeParameter parameter : trained.sae().parameters()) {
      weights.add(device.toHost(parameter.value()));
    }
    return weights;
  }

  /** Activations of which something is made that has a gradient by their reconstructions. */
  private record WithDownstream(Kernels kernels, KnownFeatures data)
      implements ActivationBatches, DownstreamLoss {
    @Override
    public double backward(
        FloatMatrix gradient, FloatMatrix reconstructions, EndToEndConfig.Loss loss) {
      switch (loss) {
        case KL -> kernels.scale(gradient, reconstructions, 0.01f);
        case CE -> kernels.fill(gradient, 0.01f);
      }
      return 0;
    }

    @Override
    public int dIn() {
      return data.dIn();
    }

    @Override
    public void next(FloatMatrix batch) {
      data.next(batch);
    }

    @Override
    public String identity() {
      return data.identity();
    }

    @Override
    public long position() {
      return data.position();
    }

    @Override
    public void seek(long position) {
      data.seek(position);
    }
  }

  private static boolean equal(List<float[]> a, List<float[]> b) {
    return Arrays.deepEquals(a.toArray(), b.toArray());
  }

  private static Stream<Variants.Variant> variants() {
    return Variants.of(base(), Set.of("ghostGradients")).stream();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void changingASettingChangesTheWeights(Variants.Variant variant) {
    TrainConfig changed;
    try {
      changed = (TrainConfig) variant.make().get();
    } catch (IllegalArgumentException refused) {
      assertEquals("bDecInit = ZERO", variant.toString(), refused.getMessage());
      return;
    }
    assertFalse(equal(weights(base()), weights(changed)), variant + " has no effect");
  }

  @Test
  void allSettingsAreChanged() {
    List<String> paths = variants().map(Variants.Variant::path).distinct().toList();
    assertTrue(paths.containsAll(List.of("tokens", "adam.beta2", "auxK.kAux", "emaDecay")));
    assertTrue(paths.size() > 25, paths.toString());
    assertTrue(equal(weights(base()), weights(base())), "the same settings give the same weights");
  }
}
