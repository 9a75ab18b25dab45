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
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.CrossLayerTranscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.ThresholdSae;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The loss of a cross-layer transcoder in double precision, straight from its definition, layer by
 * layer. Which latents are chosen, the residual and the normalisers are held where the gradient is
 * taken.
 */
class CrossLayerObjectiveTest {
  private static final int LAYERS = NaiveCrossLayer.LAYERS;
  private static final int D_MODEL = NaiveCrossLayer.D_MODEL;
  private static final int LATENTS = NaiveCrossLayer.LATENTS;
  private static final int BATCH = NaiveCrossLayer.BATCH;
  private static final int K = 4;
  private static final int K_AUX = 6;

  /** Two latents of the first layer and one of the last that are never among the largest. */
  private static final List<Integer> FAINT = List.of(1, 3, 2 * LATENTS + 2);

  private final Device device = CpuDevice.scalar();
  private final NaiveCrossLayer naive = new NaiveCrossLayer();
  private boolean[][] chosen = {};
  private boolean[][] auxChosen = {};
  private double[][] residual = {};
  private double divisor;
  private double auxFactor;
  private boolean auxBias;
  private boolean deadInLastLayer;

  CrossLayerObjectiveTest() {
    for (int latent : FAINT) {
      double[] row = naive.wEnc[latent / LATENTS][latent % LATENTS];
      for (int j = 0; j < D_MODEL; j++) {
        row[j] = (float) (row[j] / 50);
      }
      naive.bEnc[0][latent] = 0;
    }
  }

  private double[][] made(boolean[][] active, boolean withBias) {
    double[][] f = naive.preActivations();
    for (int t = 0; t < BATCH; t++) {
      for (int i = 0; i < f[t].length; i++) {
        f[t][i] = active[t][i] ? f[t][i] : 0;
      }
    }
    return naive.made(f, withBias);
  }

  private double reconstructionLoss() {
    return NaiveCrossLayer.squares(NaiveCrossLayer.differences(naive.y, made(chosen, true)))
        / divisor;
  }

  private double auxLoss() {
    return auxFactor
        * NaiveCrossLayer.squares(NaiveCrossLayer.differences(residual, made(auxChosen, auxBias)));
  }

  private void freeze(LossNormalizer normalizer, AuxKConfig aux) {
    divisor = normalizer == LossNormalizer.TOKENS ? BATCH : naive.variance();
    double[][] z = naive.preActivations();
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
    residual = NaiveCrossLayer.differences(naive.y, made(chosen, true));
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

  private Sae sae() {
    Sae sae =
        Sae.allocate(device, new CrossLayerTranscoderConfig(LAYERS, D_MODEL, LAYERS * LATENTS, K));
    naive.setInto(sae);
    return sae;
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
    double[] row = naive.wEnc[LAYERS - 1][FAINT.getLast() % LATENTS];
    for (int j = 0; j < D_MODEL; j++) {
      row[j] = (float) (row[j] * 100);
    }
    requireGradient(LossNormalizer.TOKENS, aux(0.7, AuxDecoderBias.EXCLUDED));
    assertFalse(deadInLastLayer);
  }

  private void requireGradient(LossNormalizer normalizer, AuxKConfig aux) {
    freeze(normalizer, aux);
    SaeObjective objective = Trained.of(sae(), BATCH, normalizer, aux);
    SaeLoss loss = objective.backward(naive.rows(device));
    assertEquals(reconstructionLoss(), loss.part("reconstruction"), 1e-5);
    assertEquals(auxLoss(), loss.parts().getOrDefault("auxiliary", 0.0), 1e-5);
    assertEquals(aux.alpha() > 0, auxLoss() > 1e-3);
    assertEquals(K, loss.l0());
    assertEquals(NaiveCrossLayer.squares(residual) / naive.variance(), loss.fvu(), 1e-5);

    DoubleSupplier total = () -> reconstructionLoss() + auxLoss();
    WrittenGradients gradients = WrittenGradients.of(objective);
    for (SaeParameter parameter : objective.sae().parameters()) {
      FiniteDifferences.assertGradient(
          parameter.name(), total, naive.point(parameter.name()), gradients.get(parameter.name()));
    }
    assertEquals(2 + 2 * LAYERS, objective.sae().parameters().size());
  }

  @Test
  void allLayersHaveOneThresholdThatTheBatchesTeach() {
    AuxKConfig aux = aux(0, AuxDecoderBias.EXCLUDED);
    freeze(LossNormalizer.TOKENS, aux);
    SaeObjective objective = Trained.of(sae(), BATCH, LossNormalizer.TOKENS, aux);
    var _ = objective.backward(naive.rows(device));
    double[][] z = naive.preActivations();
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
