package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.function.DoubleSupplier;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluPenalty;
import mechinterp.sae.JumpReluTraining;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StraightThrough;
import mechinterp.sae.ThresholdSae;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * JumpReLU against a function in double precision whose true gradient is the straight-through one:
 * at a threshold the step is a ramp of the band's width, whose value counts from where it begins.
 */
class JumpReluObjectiveTest {
  private static final int D_IN = 7;
  private static final int D_SAE = 13;
  private static final int BATCH = 9;
  private static final double LAMBDA = 0.4;
  private static final double TARGET = 2.5;
  private static final double TANH = 1.5;
  private static final double WIDTH = 0.8;

  private final Device device = CpuDevice.scalar();
  private final NaivePoint point = NaivePoint.of(4, BATCH, D_IN, D_SAE, 0.1, 1);
  private final double[][] atFirst = point.preActivations();
  private final double[] thresholds = point.latents[0];
  private final double[] thresholdsAtFirst;

  JumpReluObjectiveTest() {
    for (int i = 0; i < D_SAE; i++) {
      thresholds[i] = (float) (0.3 + Math.abs(thresholds[i]));
    }
    thresholdsAtFirst = thresholds.clone();
  }

  private double[][] z(StraightThrough ste) {
    return ste == StraightThrough.THRESHOLD ? atFirst : point.preActivations();
  }

  private static double ramp(double z, double threshold) {
    return Math.clamp((z - threshold) / WIDTH + 0.5, 0, 1);
  }

  /** H(z - theta) and its ramp's change since the beginning. */
  private double[][] steps(StraightThrough ste) {
    double[][] z = z(ste);
    double[][] steps = new double[BATCH][D_SAE];
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < D_SAE; i++) {
        double active = atFirst[t][i] > thresholdsAtFirst[i] ? 1 : 0;
        double change = ramp(z[t][i], thresholds[i]) - ramp(atFirst[t][i], thresholdsAtFirst[i]);
        steps[t][i] = active + change;
      }
    }
    return steps;
  }

  private double[][] codes(StraightThrough ste) {
    double[][] z = point.preActivations();
    double[][] steps = steps(ste);
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < D_SAE; i++) {
        double active = atFirst[t][i] > thresholdsAtFirst[i] ? 1 : 0;
        z[t][i] = z[t][i] * active + thresholdsAtFirst[i] * (steps[t][i] - active);
      }
    }
    return z;
  }

  private double sparsity(JumpReluPenalty penalty, StraightThrough ste) {
    double active = 0;
    double tanh = 0;
    double[][] steps = steps(ste);
    double[][] f = codes(ste);
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < D_SAE; i++) {
        active += steps[t][i];
        tanh += Math.tanh(TANH * f[t][i] * point.norm(i));
      }
    }
    return switch (penalty) {
      case STEP -> active;
      case TANH -> tanh;
      case TARGET_L0 -> BATCH * Math.pow(active / BATCH / TARGET - 1, 2);
    };
  }

  private SaeObjective objective(JumpReluTraining training, LossNormalizer normalizer) {
    JumpReluConfig config = new JumpReluConfig(D_IN, D_SAE, Optional.of(training));
    ThresholdSae sae = point.setInto(ThresholdSae.allocate(device, config));
    device.kernels().copy(sae.thresholds(), NaivePoint.upload(device, thresholds));
    AuxKConfig noAux = AuxKConfig.defaults().withAlpha(0);
    return Trained.of(sae, 100, BATCH, normalizer, noAux);
  }

  private static JumpReluTraining training(JumpReluPenalty penalty, StraightThrough ste) {
    Optional<Double> target =
        penalty == JumpReluPenalty.TARGET_L0 ? Optional.of(TARGET) : Optional.empty();
    SparsityConfig sparsity = new SparsityConfig(LAMBDA, target, 0);
    double tanhScale = penalty == JumpReluPenalty.TANH ? TANH : 4;
    return new JumpReluTraining(sparsity, penalty, tanhScale, WIDTH, 0.1, ste);
  }

  @ParameterizedTest
  @CsvSource({
    "STEP,      THRESHOLD,           TOKENS",
    "STEP,      THRESHOLD_AND_INPUT, BATCH_VARIANCE",
    "TANH,      THRESHOLD,           BATCH_VARIANCE",
    "TANH,      THRESHOLD_AND_INPUT, TOKENS",
    "TARGET_L0, THRESHOLD,           TOKENS",
    "TARGET_L0, THRESHOLD_AND_INPUT, BATCH_VARIANCE",
  })
  void theGradientIsTheStraightThroughOne(
      JumpReluPenalty penalty, StraightThrough ste, LossNormalizer normalizer) {
    double divisor = point.divisor(normalizer);
    DoubleSupplier expected =
        () ->
            (point.squaredError(codes(ste), point.wDec, point.bDec)
                    + LAMBDA * sparsity(penalty, ste))
                / divisor;
    SaeObjective objective = objective(training(penalty, ste), normalizer);
    SaeLoss loss = objective.backward(NaivePoint.upload(device, point.x));
    assertEquals(expected.getAsDouble(), loss.total(), 1e-5 * loss.total());
    assertEquals(LAMBDA * sparsity(penalty, ste) / divisor, loss.part("sparsity"), 1e-5);

    WrittenGradients gradients = WrittenGradients.of(objective);
    FiniteDifferences.assertGradient("W_enc", expected, point.wEnc, gradients.get("W_enc"));
    FiniteDifferences.assertGradient("W_dec", expected, point.wDec, gradients.get("W_dec"));
    FiniteDifferences.assertGradient(
        "b_enc", expected, new double[][] {point.bEnc}, gradients.get("b_enc"));
    FiniteDifferences.assertGradient(
        "b_dec", expected, new double[][] {point.bDec}, gradients.get("b_dec"));
    FiniteDifferences.assertGradient(
        "threshold", expected, new double[][] {thresholds}, gradients.get("threshold"));
  }

  @Test
  void trainedThresholdsDoNotFallBelowZeroAndLoadedOnesStayAsTheyAre() {
    JumpReluConfig trained = JumpReluConfig.of(1, 3, 2);
    for (JumpReluConfig config : new JumpReluConfig[] {trained, new JumpReluConfig(1, 3)}) {
      ThresholdSae sae = ThresholdSae.allocate(device, config);
      device.upload(sae.thresholds(), new float[] {-1, 0, 0.5f}, 0);
      sae.weightsChanged();
      float least = config.training().isPresent() ? 0 : -1;
      assertArrayEquals(new float[] {least, 0, 0.5f}, device.toHost(sae.thresholds()));
    }
    assertTrue(trained.training().orElseThrow().sparsity().targetL0().isPresent());
  }

  @Test
  void settingsThatContradictEachOtherAreRefused() {
    SparsityConfig fixed = new SparsityConfig(1, Optional.empty(), 0);
    assertEquals(
        "target_l0: is missing; penalty target_l0 needs it",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                new JumpReluTraining(
                    fixed, JumpReluPenalty.TARGET_L0, 4, 1, 0, StraightThrough.THRESHOLD)));
    assertEquals(
        "initial_threshold: is -1.0; it must be at least 0",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                new JumpReluTraining(
                    fixed, JumpReluPenalty.STEP, 4, 1, -1, StraightThrough.THRESHOLD)));
    assertEquals(
        "tanh_scale: is 3.0, penalty is step; it has an effect on tanh alone, leave it at 4.0",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                new JumpReluTraining(
                    fixed, JumpReluPenalty.STEP, 3, 1, 0, StraightThrough.THRESHOLD)));
  }
}
