package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.sae.AnnealingConfig;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.PAnnealConfig;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** ReLU with penalties: Standard and p-annealing. */
class ReluObjectiveTest {
  private static final int D_IN = 7;
  private static final int D_SAE = 13;
  private static final int BATCH = 6;
  private static final double LAMBDA = 0.7;
  private static final int STEPS = 100;

  private final Device device = CpuDevice.scalar();
  private final NaivePoint point = NaivePoint.of(3, BATCH, D_IN, D_SAE, 0.2, 0);

  private double[][] codes() {
    double[][] f = point.preActivations();
    for (double[] row : f) {
      for (int i = 0; i < row.length; i++) {
        row[i] = Math.max(0, row[i]);
      }
    }
    return f;
  }

  private double penalty(DoubleUnaryOperator phi) {
    double sum = 0;
    for (double[] row : codes()) {
      for (int i = 0; i < row.length; i++) {
        sum += phi.applyAsDouble(row[i] * point.norm(i));
      }
    }
    return sum;
  }

  private static SparsityConfig fixed() {
    return new SparsityConfig(LAMBDA, Optional.empty(), 0);
  }

  private SaeObjective standard(SparsityConfig sparsity, LossNormalizer normalizer) {
    StandardConfig config = new StandardConfig(D_IN, D_SAE, Optional.of(sparsity));
    ThresholdSae sae = point.setInto(ThresholdSae.allocate(device, config));
    return Trained.of(sae, STEPS, BATCH, normalizer, AuxKConfig.defaults());
  }

  private SaeObjective pAnneal(AnnealingConfig annealing) {
    PAnnealConfig config = new PAnnealConfig(D_IN, D_SAE, fixed(), annealing);
    ThresholdSae sae = point.setInto(ThresholdSae.allocate(device, config));
    return Trained.of(sae, STEPS, BATCH, LossNormalizer.TOKENS, AuxKConfig.defaults());
  }

  private FloatMatrix batch() {
    return NaivePoint.upload(device, point.x);
  }

  private void checkGradients(SaeObjective objective, SaeLoss loss, DoubleSupplier expected) {
    assertEquals(expected.getAsDouble(), loss.total(), 1e-5 * loss.total());
    WrittenGradients gradients = WrittenGradients.of(objective);
    FiniteDifferences.assertGradient("W_enc", expected, point.wEnc, gradients.get("W_enc"));
    FiniteDifferences.assertGradient("W_dec", expected, point.wDec, gradients.get("W_dec"));
    FiniteDifferences.assertGradient(
        "b_enc", expected, new double[][] {point.bEnc}, gradients.get("b_enc"));
    FiniteDifferences.assertGradient(
        "b_dec", expected, new double[][] {point.bDec}, gradients.get("b_dec"));
  }

  @ParameterizedTest
  @EnumSource(LossNormalizer.class)
  void theGradientOfStandardIsThatOfFiniteDifferences(LossNormalizer normalizer) {
    double divisor = point.divisor(normalizer);
    SaeObjective objective = standard(fixed(), normalizer);
    SaeLoss loss = objective.backward(batch());
    assertEquals(List.of("reconstruction", "sparsity"), List.copyOf(loss.parts().keySet()));
    assertEquals(LAMBDA * penalty(u -> u) / divisor, loss.part("sparsity"), 1e-5);
    checkGradients(
        objective,
        loss,
        () ->
            (point.squaredError(codes(), point.wDec, point.bDec) + LAMBDA * penalty(u -> u))
                / divisor);
  }

  @Test
  void theGradientOfPAnnealingIsThatOfFiniteDifferences() {
    AnnealingConfig annealing = new AnnealingConfig(0.6, 0.6, 1, 0, 1, 0.05);
    SaeObjective objective = pAnneal(annealing);
    DoubleUnaryOperator phi = u -> Math.pow(u + 0.05, 0.6) - Math.pow(0.05, 0.6);
    checkGradients(
        objective,
        objective.backward(batch()),
        () ->
            (point.squaredError(codes(), point.wDec, point.bDec) + LAMBDA * penalty(phi)) / BATCH);
  }

  @Test
  void whenPChangesThePenaltyGoesOnWithoutAJump() {
    SaeObjective objective = pAnneal(new AnnealingConfig(1, 0.25, 3, 0.02, 0.08, 1e-3));
    double before = objective.backward(batch()).part("sparsity");
    assertEquals(LAMBDA * penalty(u -> u) / BATCH, before, 1e-5);
    for (int step = 0; step < 12; step++) {
      assertEquals(before, objective.backward(batch()).part("sparsity"), 1e-5);
    }
    WrittenGradients gradients = WrittenGradients.of(objective);
    DoubleUnaryOperator last = u -> Math.pow(u + 1e-3, 0.25) - Math.pow(1e-3, 0.25);
    double factor = before * BATCH / penalty(last);
    FiniteDifferences.assertGradient(
        "b_enc",
        () ->
            (point.squaredError(codes(), point.wDec, point.bDec) + factor * penalty(last)) / BATCH,
        new double[][] {point.bEnc},
        gradients.get("b_enc"));
  }

  @Test
  void aFixedCoefficientRisesOverTheWarmUpAndStays() {
    SparsityConfig sparsity = new SparsityConfig(LAMBDA, Optional.empty(), 0.04);
    SaeObjective objective = standard(sparsity, LossNormalizer.TOKENS);
    double whole = LAMBDA * penalty(u -> u) / BATCH;
    for (double share : new double[] {0.25, 0.5, 0.75, 1, 1, 1}) {
      assertEquals(share * whole, objective.backward(batch()).part("sparsity"), 1e-5);
    }
  }

  @Test
  void aCoefficientWithATargetRisesWhereL0IsTooLargeAndFallsWhereItIsTooSmall() {
    SparsityConfig low = new SparsityConfig(LAMBDA, Optional.of(1.0), 0);
    SparsityConfig high = new SparsityConfig(LAMBDA, Optional.of(12.0), 0);
    SaeObjective rising = standard(low, LossNormalizer.TOKENS);
    SaeObjective falling = standard(high, LossNormalizer.TOKENS);
    double up = rising.backward(batch()).part("sparsity");
    double down = falling.backward(batch()).part("sparsity");
    assertTrue(up > LAMBDA * penalty(u -> u) / BATCH && up > down);
    assertTrue(rising.backward(batch()).part("sparsity") > up);
    assertTrue(falling.backward(batch()).part("sparsity") < down);
  }

  @Test
  void whatWasLoadedWithoutSettingsIsNotTrained() {
    StandardConfig config = new StandardConfig(D_IN, D_SAE);
    ThresholdSae sae = ThresholdSae.allocate(device, config);
    assertEquals(
        "architecture: is standard without settings of training, as one is loaded; it cannot be"
            + " trained",
        Refusal.of(
            IllegalArgumentException.class,
            () -> Trained.of(sae, BATCH, LossNormalizer.TOKENS, AuxKConfig.defaults())));
  }

  @Test
  void settingsOfAuxKThatWouldHaveNoEffectAreRefused() {
    ThresholdSae sae = ThresholdSae.allocate(device, StandardConfig.of(D_IN, D_SAE, 3));
    assertEquals(
        "aux_k: has no effect on standard, whose dead latents it cannot revive; leave all but"
            + " dead_after_tokens at the defaults",
        Refusal.of(
            IllegalArgumentException.class,
            () ->
                Trained.of(sae, BATCH, LossNormalizer.TOKENS, AuxKConfig.defaults().withKAux(3))));
  }

  @Test
  void settingsOutOfTheirRangeAreRefused() {
    Map<String, Runnable> refused =
        Map.of(
            "coefficient: is 0.0; it must be positive and finite",
            () -> new SparsityConfig(0, Optional.empty(), 0),
            "target_l0: is -1.0; it must be positive and finite",
            () -> new SparsityConfig(1, Optional.of(-1.0), 0),
            "warm_up_fraction: is 1.5; it must lie within 0 to 1",
            () -> new SparsityConfig(1, Optional.empty(), 1.5),
            "first_exponent: is 0.2, last_exponent is 0.5; p must not rise, and be at most 1",
            () -> new AnnealingConfig(0.2, 0.5, 1, 0, 1, 1),
            "begin_fraction: is 0.5, end_fraction is 0.4; it must not be later",
            () -> new AnnealingConfig(1, 0.5, 1, 0.5, 0.4, 1),
            "k: is 14, d_sae is 13; k must be at most d_sae",
            () -> StandardConfig.of(D_IN, D_SAE, 14));
    refused.forEach((message, make) ->
        assertEquals(message, Refusal.of(IllegalArgumentException.class, make::run)));
    assertFalse(refused.isEmpty());
  }
}
