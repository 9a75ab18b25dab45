package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.SwitchConfig;
import mechinterp.sae.SwitchSae;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The loss of Switch in double precision, straight from its definition. Which expert and which
 * latents are chosen and the experts' shares of the tokens are held where the gradient is taken.
 */
class SwitchObjectiveTest {
  private static final int D_IN = 7;
  private static final int D_SAE = 15;
  private static final int BATCH = 11;
  private static final int EXPERTS = 3;
  private static final int WIDTH = D_SAE / EXPERTS;
  private static final int K = 2;

  private final Device device = CpuDevice.scalar();
  private final NaivePoint point = NaivePoint.of(5, BATCH, D_IN, D_SAE, 0.2, 0);
  private final double[][] wRouter = new double[EXPERTS][D_IN];
  private final double[] bRouter = new double[D_IN];
  private final int[] experts = new int[BATCH];
  private final boolean[][] chosen = new boolean[BATCH][D_SAE];
  private final double[] shares = new double[EXPERTS];

  SwitchObjectiveTest() {
    RandomStream random = RandomStream.of(6, "router");
    for (int j = 0; j < D_IN; j++) {
      bRouter[j] = (float) (0.3 * random.gaussian(j));
      for (int i = 0; i < EXPERTS; i++) {
        wRouter[i][j] = (float) (0.5 * random.gaussian(100 + (long) i * D_IN + j));
      }
    }
    freeze();
  }

  private double[] probabilities(int token) {
    double[] p = new double[EXPERTS];
    for (int i = 0; i < EXPERTS; i++) {
      double h = 0;
      for (int j = 0; j < D_IN; j++) {
        h += (point.x[token][j] - bRouter[j]) * wRouter[i][j];
      }
      p[i] = Math.exp(h);
    }
    double sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(each -> each / sum).toArray();
  }

  private void freeze() {
    double[][] z = point.preActivations();
    for (int t = 0; t < BATCH; t++) {
      double[] p = probabilities(t);
      for (int i = 1; i < EXPERTS; i++) {
        experts[t] = p[i] > p[experts[t]] ? i : experts[t];
      }
      shares[experts[t]] += 1.0 / BATCH;
      int first = experts[t] * WIDTH;
      double[] sorted = Arrays.copyOfRange(z[t], first, first + WIDTH);
      Arrays.sort(sorted);
      double limit = Math.max(0, sorted[WIDTH - K]);
      for (int i = first; i < first + WIDTH; i++) {
        chosen[t][i] = z[t][i] >= limit && z[t][i] > 0;
      }
    }
  }

  private double squaredError() {
    double[][] f = point.preActivations();
    for (int t = 0; t < BATCH; t++) {
      double p = probabilities(t)[experts[t]];
      for (int i = 0; i < D_SAE; i++) {
        f[t][i] = chosen[t][i] ? p * f[t][i] : 0;
      }
    }
    return point.squaredError(f, point.wDec, point.bDec);
  }

  private double balance(double loadBalance) {
    double sum = 0;
    for (int t = 0; t < BATCH; t++) {
      double[] p = probabilities(t);
      for (int i = 0; i < EXPERTS; i++) {
        sum += shares[i] * p[i];
      }
    }
    return loadBalance * D_IN * EXPERTS * sum;
  }

  private SaeObjective objective(double loadBalance, LossNormalizer normalizer) {
    SwitchConfig config = new SwitchConfig(D_IN, D_SAE, K, EXPERTS, loadBalance);
    SwitchSae sae = point.setInto(SwitchSae.allocate(device, config));
    device.kernels().copy(sae.wRouter(), NaivePoint.upload(device, wRouter));
    device.kernels().copy(sae.bRouter(), NaivePoint.upload(device, bRouter));
    sae.weightsChanged();
    return Trained.of(sae, BATCH, normalizer, AuxKConfig.defaults());
  }

  @ParameterizedTest
  @CsvSource({"0, TOKENS", "0.3, BATCH_VARIANCE", "3, TOKENS"})
  void theGradientIsThatOfFiniteDifferences(double loadBalance, LossNormalizer normalizer) {
    double divisor = point.divisor(normalizer);
    DoubleSupplier expected = () -> (squaredError() + balance(loadBalance)) / divisor;
    SaeObjective objective = objective(loadBalance, normalizer);
    SaeLoss loss = objective.backward(NaivePoint.upload(device, point.x));
    assertEquals(List.of("reconstruction", "load_balance"), List.copyOf(loss.parts().keySet()));
    assertEquals(expected.getAsDouble(), loss.total(), 1e-5 * loss.total());
    assertEquals(balance(loadBalance) / divisor, loss.part("load_balance"), 1e-5);

    WrittenGradients gradients = WrittenGradients.of(objective);
    FiniteDifferences.assertGradient("W_enc", expected, point.wEnc, gradients.get("W_enc"));
    FiniteDifferences.assertGradient("W_dec", expected, point.wDec, gradients.get("W_dec"));
    FiniteDifferences.assertGradient("W_router", expected, wRouter, gradients.get("W_router"));
    FiniteDifferences.assertGradient(
        "b_router", expected, new double[][] {bRouter}, gradients.get("b_router"));
    FiniteDifferences.assertGradient(
        "b_enc", expected, new double[][] {point.bEnc}, gradients.get("b_enc"));
    FiniteDifferences.assertGradient(
        "b_dec", expected, new double[][] {point.bDec}, gradients.get("b_dec"));
  }

  @Test
  void thePointHasTokensOfSeveralExperts() {
    assertTrue(Arrays.stream(shares).allMatch(share -> share > 0), Arrays.toString(shares));
  }
}
