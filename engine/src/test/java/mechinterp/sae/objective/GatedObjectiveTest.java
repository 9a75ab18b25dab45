package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.AuxiliaryDecoder;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedSae;
import mechinterp.sae.GatedTraining;
import mechinterp.sae.SparsityConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The losses of a gated autoencoder against their definition in double precision. */
class GatedObjectiveTest {
  private static final int D_IN = 7;
  private static final int D_SAE = 13;
  private static final int BATCH = 6;
  private static final double LAMBDA = 0.7;

  private final Device device = CpuDevice.scalar();
  private final NaivePoint point = NaivePoint.of(3, BATCH, D_IN, D_SAE, 0.2, 2);
  private final double[] rMag = point.latents[0];
  private final double[] bMag = point.latents[1];
  private final double[][] frozenDecoder = copyOf(point.wDec);
  private final double[] frozenBias = point.bDec.clone();

  /** Some open gates have a magnitude of 0. */
  GatedObjectiveTest() {
    for (int i = 0; i < D_SAE; i++) {
      rMag[i] *= 4;
      bMag[i] *= 8;
    }
  }

  private static double[][] copyOf(double[][] rows) {
    double[][] copy = rows.clone();
    for (int i = 0; i < copy.length; i++) {
      copy[i] = rows[i].clone();
    }
    return copy;
  }

  private double magnitude(double piGate, int i) {
    return Math.max(0, Math.exp(rMag[i]) * (piGate - point.bEnc[i]) + bMag[i]);
  }

  private double[][] codes() {
    double[][] f = point.preActivations();
    for (double[] row : f) {
      for (int i = 0; i < row.length; i++) {
        row[i] = row[i] > 0 ? magnitude(row[i], i) : 0;
      }
    }
    return f;
  }

  private double[][] gates() {
    double[][] p = point.preActivations();
    for (double[] row : p) {
      for (int i = 0; i < row.length; i++) {
        row[i] = Math.max(0, row[i]);
      }
    }
    return p;
  }

  private double reconstruction() {
    return point.squaredError(codes(), point.wDec, point.bDec);
  }

  private double sparsity() {
    double sum = 0;
    for (double[] row : gates()) {
      for (int i = 0; i < row.length; i++) {
        sum += LAMBDA * row[i] * point.norm(i);
      }
    }
    return sum;
  }

  private double byGates(AuxiliaryDecoder decoder) {
    return switch (decoder) {
      case FROZEN -> point.squaredError(gates(), frozenDecoder, frozenBias);
      case TRAINED -> point.squaredError(gates(), point.wDec, point.bDec);
    };
  }

  private SaeObjective objective(AuxiliaryDecoder decoder, LossNormalizer normalizer) {
    SparsityConfig sparsity = new SparsityConfig(LAMBDA, Optional.empty(), 0);
    GatedTraining training = new GatedTraining(sparsity, decoder);
    GatedSae sae = GatedSae.allocate(device, new GatedConfig(D_IN, D_SAE, Optional.of(training)));
    device.kernels().copy(sae.rMag(), NaivePoint.upload(device, rMag));
    device.kernels().copy(sae.bMag(), NaivePoint.upload(device, bMag));
    return Trained.of(point.setInto(sae), 100, BATCH, normalizer, AuxKConfig.defaults());
  }

  @ParameterizedTest
  @CsvSource({
    "FROZEN, TOKENS",
    "FROZEN, BATCH_VARIANCE",
    "TRAINED, TOKENS",
    "TRAINED, BATCH_VARIANCE"
  })
  void theGradientIsThatOfFiniteDifferences(AuxiliaryDecoder decoder, LossNormalizer normalizer) {
    double divisor = point.divisor(normalizer);
    SaeObjective objective = objective(decoder, normalizer);
    SaeLoss loss = objective.backward(NaivePoint.upload(device, point.x));
    assertEquals(List.of("reconstruction", "gate", "sparsity"), List.copyOf(loss.parts().keySet()));
    assertEquals(reconstruction() / divisor, loss.part("reconstruction"), 1e-5);
    assertEquals(byGates(decoder) / divisor, loss.part("gate"), 1e-5);
    assertEquals(sparsity() / divisor, loss.part("sparsity"), 1e-5);
    DoubleSupplier expected = () -> (reconstruction() + byGates(decoder) + sparsity()) / divisor;
    WrittenGradients gradients = WrittenGradients.of(objective);
    FiniteDifferences.assertGradient("W_enc", expected, point.wEnc, gradients.get("W_enc"));
    FiniteDifferences.assertGradient("W_dec", expected, point.wDec, gradients.get("W_dec"));
    assertGradient("b_enc", expected, point.bEnc, gradients);
    assertGradient("b_dec", expected, point.bDec, gradients);
    assertGradient("r_mag", expected, rMag, gradients);
    assertGradient("b_mag", expected, bMag, gradients);
  }

  private static void assertGradient(
      String name, DoubleSupplier expected, double[] parameter, WrittenGradients gradients) {
    FiniteDifferences.assertGradient(
        name, expected, new double[][] {parameter}, gradients.get(name));
  }

  /** Only what reconstructs counts: L0, and so the controller, hears of the codes. */
  @Test
  void aGateThatIsOpenWithoutAMagnitudeIsNotActive() {
    long open = count(gates());
    long active = count(codes());
    assertTrue(0 < active && active < open, "active %d, open %d".formatted(active, open));
    SaeLoss loss =
        objective(AuxiliaryDecoder.FROZEN, LossNormalizer.TOKENS)
            .backward(NaivePoint.upload(device, point.x));
    assertEquals((double) active / BATCH, loss.l0(), 1e-9);
  }

  private static long count(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).filter(value -> value > 0).count();
  }

  @Test
  void whatWasLoadedWithoutSettingsIsNotTrained() {
    GatedSae sae = GatedSae.allocate(device, new GatedConfig(D_IN, D_SAE));
    assertEquals(
        "architecture: is gated without settings of training, as one is loaded; it cannot be trained",
        Refusal.of(
            IllegalArgumentException.class,
            () -> Trained.of(sae, BATCH, LossNormalizer.TOKENS, AuxKConfig.defaults())));
    assertEquals(
        "k: is 14, d_sae is 13; k must be at most d_sae",
        Refusal.of(IllegalArgumentException.class, () -> GatedConfig.of(D_IN, D_SAE, 14)));
  }
}
