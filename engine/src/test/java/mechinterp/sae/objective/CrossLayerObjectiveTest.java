package mechinterp.sae.objective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The loss of a cross-layer transcoder in double precision, straight from its definition, layer by
 * layer. Which latents are chosen, the residual and the normalisers are held where the gradient is
 * taken.
 */
class CrossLayerObjectiveTest {
  private static final int LAYERS = 3;
  private static final int D_MODEL = 4;
  private static final int LATENTS = 5;
  private static final int WIDTH = LAYERS * D_MODEL;
  private static final int BATCH = 13;
  private static final int K = 4;
  private static final int K_AUX = 6;

  /** Two latents of the first layer and one of the last that are never among the largest. */
  private static final List<Integer> FAINT = List.of(1, 3, 2 * LATENTS + 2);

  private final Device device = CpuDevice.scalar();
  private final RandomStream random = RandomStream.of(3, "cross-layer");
  private long drawn;
  private final double[][] x = matrix(BATCH, WIDTH, 1);
  private final double[][] y = matrix(BATCH, WIDTH, 1);
  private final double[][][] wEnc = new double[LAYERS][][];
  private final double[][][] wDec = new double[LAYERS][][];
  private final double[][] bEnc = matrix(1, LAYERS * LATENTS, 0.1);
  private final double[][] bDec = matrix(1, WIDTH, 0.3);
  private boolean[][] chosen = {};
  private boolean[][] auxChosen = {};
  private double[][] residual = {};
  private double divisor;
  private double auxFactor;
  private boolean auxBias;
  private boolean deadInLastLayer;

  CrossLayerObjectiveTest() {
    for (int layer = 0; layer < LAYERS; layer++) {
      wEnc[layer] = matrix(LATENTS, D_MODEL, 0.6);
      wDec[layer] = matrix(LATENTS, (LAYERS - layer) * D_MODEL, 0.5);
    }
    for (int latent : FAINT) {
      double[] row = wEnc[latent / LATENTS][latent % LATENTS];
      for (int j = 0; j < D_MODEL; j++) {
        row[j] = (float) (row[j] / 50);
      }
      bEnc[0][latent] = 0;
    }
  }

  private double[][] matrix(int rows, int cols, double scale) {
    double[][] values = new double[rows][cols];
    for (double[] row : values) {
      for (int j = 0; j < cols; j++) {
        row[j] = (float) (scale * random.gaussian(drawn++));
      }
    }
    return values;
  }

  private double[][] preActivations() {
    double[][] z = new double[BATCH][LAYERS * LATENTS];
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < z[t].length; i++) {
        int layer = i / LATENTS;
        z[t][i] = bEnc[0][i];
        for (int j = 0; j < D_MODEL; j++) {
          z[t][i] += x[t][layer * D_MODEL + j] * wEnc[layer][i % LATENTS][j];
        }
      }
    }
    return z;
  }

  private double[][] made(boolean[][] active, boolean withBias) {
    double[][] z = preActivations();
    double[][] out = new double[BATCH][WIDTH];
    for (int t = 0; t < BATCH; t++) {
      for (int target = 0; target < LAYERS; target++) {
        for (int j = 0; j < D_MODEL; j++) {
          int at = target * D_MODEL + j;
          out[t][at] = withBias ? bDec[0][at] : 0;
          for (int source = 0; source <= target; source++) {
            for (int i = 0; i < LATENTS; i++) {
              double f = active[t][source * LATENTS + i] ? z[t][source * LATENTS + i] : 0;
              out[t][at] += f * wDec[source][i][(target - source) * D_MODEL + j];
            }
          }
        }
      }
    }
    return out;
  }

  private static double[][] differences(double[][] a, double[][] b) {
    double[][] out = new double[a.length][a[0].length];
    for (int t = 0; t < a.length; t++) {
      for (int j = 0; j < out[t].length; j++) {
        out[t][j] = a[t][j] - b[t][j];
      }
    }
    return out;
  }

  private static double squares(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).map(each -> each * each).sum();
  }

  private double variance() {
    double sum = 0;
    for (int j = 0; j < WIDTH; j++) {
      int column = j;
      double mean = Arrays.stream(y).mapToDouble(row -> row[column]).average().orElseThrow();
      sum += Arrays.stream(y).mapToDouble(row -> Math.pow(row[column] - mean, 2)).sum();
    }
    return sum;
  }

  private double reconstructionLoss() {
    return squares(differences(y, made(chosen, true))) / divisor;
  }

  private double auxLoss() {
    return auxFactor * squares(differences(residual, made(auxChosen, auxBias)));
  }

  private void freeze(LossNormalizer normalizer, AuxKConfig aux) {
    divisor = normalizer == LossNormalizer.TOKENS ? BATCH : variance();
    double[][] z = preActivations();
    double[] sorted = Arrays.stream(z).flatMapToDouble(Arrays::stream).sorted().toArray();
    double least = sorted[sorted.length - K * BATCH];
    chosen = new boolean[BATCH][LAYERS * LATENTS];
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < z[t].length; i++) {
        chosen[t][i] = z[t][i] >= least && z[t][i] > 0;
      }
    }
    List<Integer> dead =
        IntStream.range(0, LAYERS * LATENTS)
            .filter(i -> Arrays.stream(chosen).noneMatch(row -> row[i]))
            .boxed()
            .toList();
    assertTrue(dead.containsAll(FAINT.subList(0, 2)), dead.toString());
    deadInLastLayer = dead.contains(FAINT.getLast());
    assertTrue(dead.stream().noneMatch(i -> i / LATENTS == 1), dead.toString());
    residual = differences(y, made(chosen, true));
    auxChosen = auxChosen(z, dead);
    auxFactor = aux.alpha() * Math.min((double) dead.size() / K_AUX, 1) / divisor;
    auxBias = aux.decoderBias() == AuxDecoderBias.INCLUDED;
  }

  /** Of each layer an equal share of k_aux. */
  private boolean[][] auxChosen(double[][] z, List<Integer> dead) {
    boolean[][] active = new boolean[BATCH][LAYERS * LATENTS];
    for (int t = 0; t < BATCH; t++) {
      double[] own = z[t];
      for (int layer = 0; layer < LAYERS; layer++) {
        int from = layer * LATENTS;
        List<Integer> candidates =
            new ArrayList<>(
                dead.stream().filter(i -> i / LATENTS == from / LATENTS && own[i] > 0).toList());
        candidates.sort(Comparator.comparingDouble(i -> -own[i]));
        for (int i : candidates.subList(0, Math.min(K_AUX / LAYERS, candidates.size()))) {
          active[t][i] = true;
        }
      }
    }
    return active;
  }

  private FloatMatrix upload(double[][] rows) {
    return NaivePoint.upload(device, rows);
  }

  private Sae sae() {
    Sae sae =
        Sae.allocate(device, new CrossLayerTranscoderConfig(LAYERS, D_MODEL, LAYERS * LATENTS, K));
    for (SaeParameter parameter : sae.parameters()) {
      device.kernels().copy(parameter.value(), upload(point(parameter.name())));
    }
    sae.weightsChanged();
    return sae;
  }

  private double[][] point(String parameter) {
    return switch (parameter) {
      case "b_enc" -> bEnc;
      case "b_dec" -> bDec;
      default -> {
        int layer = parameter.charAt(parameter.length() - 1) - '0';
        yield parameter.startsWith("W_enc_") ? wEnc[layer] : wDec[layer];
      }
    };
  }

  private FloatMatrix rows() {
    double[][] both = new double[BATCH][];
    for (int t = 0; t < BATCH; t++) {
      both[t] = Arrays.copyOf(x[t], 2 * WIDTH);
      System.arraycopy(y[t], 0, both[t], WIDTH, WIDTH);
    }
    return upload(both);
  }

  private static AuxKConfig aux(double alpha, AuxDecoderBias bias) {
    return AuxKConfig.defaults()
        .withDeadAfterTokens(BATCH)
        .withKAux(K_AUX)
        .withAlpha(alpha)
        .withDecoderBias(bias);
  }

  @ParameterizedTest
  @CsvSource({
    "TOKENS,         0,   EXCLUDED",
    "BATCH_VARIANCE, 0.7, EXCLUDED",
    "TOKENS,         0.7, INCLUDED"
  })
  void theGradientIsThatOfFiniteDifferences(
      LossNormalizer normalizer, double alpha, AuxDecoderBias bias) {
    AuxKConfig aux = aux(alpha, bias);
    requireGradient(normalizer, aux);
    assertTrue(deadInLastLayer);
  }

  @Test
  void soItIsWhereTheDeadLatentsAreOfOneLayer() {
    double[] row = wEnc[LAYERS - 1][FAINT.getLast() % LATENTS];
    for (int j = 0; j < D_MODEL; j++) {
      row[j] = (float) (row[j] * 100);
    }
    requireGradient(LossNormalizer.TOKENS, aux(0.7, AuxDecoderBias.EXCLUDED));
    assertFalse(deadInLastLayer);
  }

  private void requireGradient(LossNormalizer normalizer, AuxKConfig aux) {
    freeze(normalizer, aux);
    SaeObjective objective = Trained.of(sae(), BATCH, normalizer, aux);
    SaeLoss loss = objective.backward(rows());
    assertEquals(reconstructionLoss(), loss.part("reconstruction"), 1e-5);
    assertEquals(auxLoss(), loss.parts().getOrDefault("auxiliary", 0.0), 1e-5);
    assertEquals(aux.alpha() > 0, auxLoss() > 1e-3);
    assertEquals(K, loss.l0());
    assertEquals(squares(residual) / variance(), loss.fvu(), 1e-5);

    DoubleSupplier total = () -> reconstructionLoss() + auxLoss();
    WrittenGradients gradients = WrittenGradients.of(objective);
    for (SaeParameter parameter : objective.sae().parameters()) {
      FiniteDifferences.assertGradient(
          parameter.name(), total, point(parameter.name()), gradients.get(parameter.name()));
    }
    assertEquals(2 + 2 * LAYERS, objective.sae().parameters().size());
  }

  @Test
  void allLayersHaveOneThresholdThatTheBatchesTeach() {
    AuxKConfig aux = aux(0, AuxDecoderBias.EXCLUDED);
    freeze(LossNormalizer.TOKENS, aux);
    SaeObjective objective = Trained.of(sae(), BATCH, LossNormalizer.TOKENS, aux);
    var _ = objective.backward(rows());
    double[][] z = preActivations();
    double least = Double.POSITIVE_INFINITY;
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < LAYERS * LATENTS; i++) {
        least = chosen[t][i] ? Math.min(least, z[t][i]) : least;
      }
    }
    ThresholdSae sae = (ThresholdSae) objective.sae();
    for (float threshold : device.toHost(sae.thresholds())) {
      assertEquals(least, threshold, 1e-5);
    }
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    assertEquals(
        "d_sae: is 10, layers are 4; d_sae is of all layers together and must be a multiple of them",
        Refusal.of(
            IllegalArgumentException.class, () -> new CrossLayerTranscoderConfig(4, 8, 10, 2)));
    assertEquals(
        "k: is 9, d_sae is 8; k must be at most d_sae",
        Refusal.of(
            IllegalArgumentException.class, () -> new CrossLayerTranscoderConfig(4, 8, 8, 9)));
  }
}
