package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.SparsityConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ghost gradients against their definition, with nothing shared with the engine. */
class GhostGradientsTest {
  private static final int D_IN = 7;
  private static final int D_SAE = 13;
  private static final int BATCH = 6;
  private static final double LAMBDA = 0.7;
  private static final double WEIGHT = 0.6;

  private final Device device = CpuDevice.scalar();
  private final NaivePoint point = NaivePoint.of(3, BATCH, D_IN, D_SAE, 0.2, 0);

  GhostGradientsTest() {
    for (int i : new int[] {2, 5, 11}) {
      point.bEnc[i] = -6;
    }
  }

  private ObjectiveSettings settings(GhostGradientsConfig config, LossNormalizer normalizer) {
    AuxKConfig aux = AuxKConfig.defaults().withDeadAfterTokens(BATCH);
    return Trained.settings(1, BATCH, normalizer, aux, Optional.of(config));
  }

  private SaeObjective objective(GhostGradientsConfig config, LossNormalizer normalizer) {
    SparsityConfig sparsity = new SparsityConfig(LAMBDA, Optional.empty(), 0);
    StandardConfig kind = new StandardConfig(D_IN, D_SAE, Optional.of(sparsity));
    ThresholdSae sae = point.setInto(ThresholdSae.allocate(device, kind));
    return Trained.of(sae, settings(config, normalizer));
  }

  private boolean isDead(double[][] z, int latent) {
    boolean dead = true;
    for (double[] row : z) {
      dead &= row[latent] <= 0;
    }
    return dead;
  }

  private double[][] residual() {
    double[][] z = point.preActivations();
    double[][] r = new double[BATCH][D_IN];
    for (int t = 0; t < BATCH; t++) {
      for (int j = 0; j < D_IN; j++) {
        r[t][j] = point.x[t][j] - point.bDec[j];
        for (int i = 0; i < D_SAE; i++) {
          r[t][j] -= Math.max(0, z[t][i]) * point.wDec[i][j];
        }
      }
    }
    return r;
  }

  /** Returns sum over the dead latents of exp(z) W_dec. */
  private double[][] ghosts(boolean[] dead) {
    double[][] z = point.preActivations();
    double[][] g = new double[BATCH][D_IN];
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < D_SAE; i++) {
        for (int j = 0; j < D_IN; j++) {
          g[t][j] += dead[i] ? Math.exp(z[t][i]) * point.wDec[i][j] : 0;
        }
      }
    }
    return g;
  }

  private static double square(double[] row) {
    double sum = 0;
    for (double value : row) {
      sum += value * value;
    }
    return sum;
  }

  private double standard(double divisor) {
    double[][] z = point.preActivations();
    double penalty = 0;
    for (double[] row : z) {
      for (int i = 0; i < D_SAE; i++) {
        row[i] = Math.max(0, row[i]);
        penalty += row[i] * point.norm(i);
      }
    }
    return (point.squaredError(z, point.wDec, point.bDec) + LAMBDA * penalty) / divisor;
  }

  /** The loss with the scales and the residual as constants, as they are now. */
  private DoubleSupplier ghostLoss(GhostGradientsConfig config, double divisor) {
    boolean[] dead = new boolean[D_SAE];
    for (int i = 0; i < D_SAE; i++) {
      dead[i] = isDead(point.preActivations(), i);
    }
    double[][] r = residual();
    double[][] now = ghosts(dead);
    double[] s = new double[BATCH];
    double[][] m = new double[BATCH][D_IN];
    double residuals = 0;
    double differences = 0;
    for (int t = 0; t < BATCH; t++) {
      s[t] = Math.sqrt(square(r[t]) / square(now[t])) / 2;
      for (int j = 0; j < D_IN; j++) {
        double difference = Math.pow(s[t] * now[t][j] - r[t][j], 2);
        residuals += r[t][j] * r[t][j];
        differences += difference;
        m[t][j] = r[t][j] * r[t][j] / (difference + 1e-6);
      }
    }
    double whole = residuals / differences;
    return () -> {
      double[][] g = ghosts(dead);
      double sum = 0;
      for (int t = 0; t < BATCH; t++) {
        for (int j = 0; j < D_IN; j++) {
          double size = config.rescale() == GhostGradientsConfig.Rescale.BATCH ? whole : m[t][j];
          sum += size * Math.pow(s[t] * g[t][j] - r[t][j], 2);
        }
      }
      return config.weight() * sum / divisor;
    };
  }

  @ParameterizedTest
  @CsvSource({"BATCH, TOKENS", "BATCH, BATCH_VARIANCE", "ENTRY, TOKENS"})
  void theGradientIsThatOfFiniteDifferences(
      GhostGradientsConfig.Rescale rescale, LossNormalizer normalizer) {
    GhostGradientsConfig config = new GhostGradientsConfig(WEIGHT, rescale);
    SaeObjective objective = objective(config, normalizer);
    SaeLoss loss = objective.backward(NaivePoint.upload(device, point.x));
    assertEquals(
        List.of("reconstruction", "ghost_gradients", "sparsity"),
        List.copyOf(loss.parts().keySet()));
    double divisor = point.divisor(normalizer);
    DoubleSupplier ghost = ghostLoss(config, divisor);
    assertEquals(ghost.getAsDouble(), loss.part("ghost_gradients"), 1e-5);
    if (rescale == GhostGradientsConfig.Rescale.BATCH) {
      assertEquals(WEIGHT * loss.part("reconstruction"), loss.part("ghost_gradients"), 1e-5);
    }

    DoubleSupplier expected = () -> standard(divisor) + ghost.getAsDouble();
    WrittenGradients gradients = WrittenGradients.of(objective);
    FiniteDifferences.assertGradient("W_enc", expected, point.wEnc, gradients.get("W_enc"));
    FiniteDifferences.assertGradient("W_dec", expected, point.wDec, gradients.get("W_dec"));
    FiniteDifferences.assertGradient(
        "b_enc", expected, new double[][] {point.bEnc}, gradients.get("b_enc"));
    FiniteDifferences.assertGradient(
        "b_dec", expected, new double[][] {point.bDec}, gradients.get("b_dec"));
  }

  @Test
  void withoutDeadLatentsThereAreNoGhosts() {
    for (int i : new int[] {2, 5, 11}) {
      point.bEnc[i] = 6;
    }
    SaeObjective objective = objective(GhostGradientsConfig.defaults(), LossNormalizer.TOKENS);
    SaeLoss loss = objective.backward(NaivePoint.upload(device, point.x));
    assertEquals(0, loss.deadLatents());
    assertEquals(0, loss.part("ghost_gradients"));
  }

  @Test
  void kindsWithoutReluAndSettingsOutOfTheirRangeAreRefused() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(D_IN, D_SAE, 3));
    ObjectiveSettings settings = settings(GhostGradientsConfig.defaults(), LossNormalizer.TOKENS);
    assertEquals(
        "ghost_gradients: is there, but the kind is topk; they are of standard and p_anneal, leave"
            + " it out",
        Refusal.of(IllegalArgumentException.class, () -> Trained.of(sae, settings)));
    assertEquals(
        "ghost_gradients.weight: is 0.0; it must be positive and finite",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new GhostGradientsConfig(0, GhostGradientsConfig.Rescale.BATCH)));
  }
}
