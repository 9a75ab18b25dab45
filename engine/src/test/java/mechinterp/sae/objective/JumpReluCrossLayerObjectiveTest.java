package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.function.DoubleSupplier;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.JumpReluCrossLayerTranscoderConfig;
import mechinterp.sae.JumpReluPenalty;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StraightThrough;
import mechinterp.sae.ThresholdSae;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A cross-layer transcoder with JumpReLU against a function in double precision whose true gradient
 * is the straight-through one: at a threshold the step is a ramp of the band's width, whose value
 * counts from where it begins.
 */
class JumpReluCrossLayerObjectiveTest {
  private static final int ALL = NaiveCrossLayer.LAYERS * NaiveCrossLayer.LATENTS;
  private static final double LAMBDA = 0.4;
  private static final double TANH = 1.5;
  private static final double WIDTH = 0.8;

  private final Device device = CpuDevice.scalar();
  private final NaiveCrossLayer naive = new NaiveCrossLayer();
  private final double[][] atFirst = naive.preActivations();
  private final double[][] thresholds = new double[1][ALL];
  private final double[] thresholdsAtFirst;

  JumpReluCrossLayerObjectiveTest() {
    for (int i = 0; i < ALL; i++) {
      thresholds[0][i] = (float) (0.2 + 0.05 * i);
    }
    thresholdsAtFirst = thresholds[0].clone();
  }

  private static double ramp(double z, double threshold) {
    return Math.clamp((z - threshold) / WIDTH + 0.5, 0, 1);
  }

  /** What a step has become since the beginning. */
  private double change(double[][] z, int t, int i) {
    return ramp(z[t][i], thresholds[0][i]) - ramp(atFirst[t][i], thresholdsAtFirst[i]);
  }

  private boolean isActive(int t, int i) {
    return atFirst[t][i] > thresholdsAtFirst[i];
  }

  private double loss(JumpReluPenalty penalty, StraightThrough ste) {
    double[][] z = naive.preActivations();
    double[][] stepsOf = ste == StraightThrough.THRESHOLD ? atFirst : z;
    double[][] f = new double[z.length][ALL];
    double asked = 0;
    for (int t = 0; t < z.length; t++) {
      for (int i = 0; i < ALL; i++) {
        double change = change(stepsOf, t, i);
        f[t][i] = (isActive(t, i) ? z[t][i] : 0) + thresholdsAtFirst[i] * change;
        asked +=
            penalty == JumpReluPenalty.STEP
                ? (isActive(t, i) ? 1 : 0) + change
                : Math.tanh(TANH * f[t][i] * naive.norm(i));
      }
    }
    double[][] error = NaiveCrossLayer.differences(naive.y, naive.made(f, true));
    return (NaiveCrossLayer.squares(error) + LAMBDA * asked) / NaiveCrossLayer.BATCH;
  }

  @ParameterizedTest
  @CsvSource({
    "STEP, THRESHOLD",
    "STEP, THRESHOLD_AND_INPUT",
    "TANH, THRESHOLD",
    "TANH, THRESHOLD_AND_INPUT",
  })
  void theGradientIsTheStraightThroughOne(JumpReluPenalty penalty, StraightThrough ste) {
    JumpReluTraining training =
        new JumpReluTraining(
            new SparsityConfig(LAMBDA, Optional.empty(), 0),
            penalty,
            penalty == JumpReluPenalty.TANH ? TANH : 4,
            WIDTH,
            0.1,
            ste);
    ThresholdSae sae =
        ThresholdSae.allocate(
            device,
            new JumpReluCrossLayerTranscoderConfig(
                NaiveCrossLayer.LAYERS, NaiveCrossLayer.D_MODEL, ALL, training));
    device.kernels().copy(sae.thresholds(), NaivePoint.upload(device, thresholds));
    naive.setInto(sae);
    SaeObjective objective =
        Trained.of(
            sae,
            100,
            NaiveCrossLayer.BATCH,
            LossNormalizer.TOKENS,
            AuxKConfig.defaults().withAlpha(0));
    SaeLoss loss = objective.backward(naive.rows(device));
    DoubleSupplier expected = () -> loss(penalty, ste);
    assertEquals(expected.getAsDouble(), loss.total(), 1e-5 * loss.total());
    assertTrue(loss.l0() > 1 && loss.l0() < ALL);

    WrittenGradients gradients = WrittenGradients.of(objective);
    for (SaeParameter parameter : sae.parameters()) {
      String name = parameter.name();
      double[][] numbers = name.equals(ThresholdSae.THRESHOLD) ? thresholds : naive.point(name);
      FiniteDifferences.assertGradient(name, expected, numbers, gradients.get(name));
    }
    assertEquals(3 + 2 * NaiveCrossLayer.LAYERS, sae.parameters().size());
  }
}
