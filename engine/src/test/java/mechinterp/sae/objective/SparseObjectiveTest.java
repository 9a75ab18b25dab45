package mechinterp.sae.objective;

import static mechinterp.sae.objective.FiniteDifferences.assertGradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import mechinterp.sae.AuxDecoderBias;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.AuxNormalizer;
import mechinterp.sae.AuxScale;
import mechinterp.sae.BatchTopKConfig;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.MatryoshkaConfig;
import mechinterp.sae.MultiTopKConfig;
import mechinterp.sae.Prefix;
import mechinterp.sae.Sae;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SparseObjectiveTest {
  private static final int D_IN = 7;
  private static final int D_OUT = 5;
  private static final int D_SAE = 13;
  private static final int K = 3;
  private static final int BATCH = 6;

  /** Latents whose pre-activations are too small to be chosen, but not all negative. */
  private static final int[] FAINT = {1, 2, 5, 9, 11};

  private final Device device = CpuDevice.scalar();

  /** A point away from ties: random weights, some latents faint. */
  static NaiveTopK point(long seed) {
    RandomStream random = RandomStream.of(seed, "point");
    double[][] x = matrix(random, 0, BATCH, D_IN, 1);
    double[][] wEnc = matrix(random, 1000, D_SAE, D_IN, 1);
    double[] bEnc = matrix(random, 2000, 1, D_SAE, 0.1)[0];
    double[][] wDec = matrix(random, 3000, D_SAE, D_IN, 0.4);
    double[] bDec = matrix(random, 4000, 1, D_IN, 0.3)[0];
    for (int i : FAINT) {
      for (int j = 0; j < D_IN; j++) {
        wEnc[i][j] = (float) (wEnc[i][j] * 0.02);
      }
      bEnc[i] = (float) (0.02 * (i + 1));
    }
    for (int i = 0; i < D_SAE; i++) {
      bEnc[i] += Arrays.binarySearch(FAINT, i) >= 0 ? 0 : 1.5f;
    }
    return new NaiveTopK(x, wEnc, bEnc, wDec, bDec);
  }

  /** Numbers that floats hold exactly, so that both implementations begin at the same point. */
  private static double[][] matrix(
      RandomStream random, long first, int rows, int cols, double deviation) {
    double[][] matrix = new double[rows][cols];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        matrix[i][j] = (float) (deviation * random.gaussian(first + (long) i * cols + j));
      }
    }
    return matrix;
  }

  private FloatMatrix upload(double[]... rows) {
    float[] values = new float[rows.length * rows[0].length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return device.matrix(rows.length, rows[0].length, values);
  }

  private TopKSae sae(NaiveTopK point) {
    return at(point, TopKSae.allocate(device, new TopKConfig(D_IN, D_SAE, K)));
  }

  private <S extends Sae> S at(NaiveTopK point, S sae) {
    device.kernels().copy(sae.weights().wEnc(), upload(point.wEnc));
    device.kernels().copy(sae.weights().bEnc(), upload(point.bEnc));
    device.kernels().copy(sae.weights().wDec(), upload(point.wDec));
    device.kernels().copy(sae.weights().bDec(), upload(point.bDec));
    sae.weightsChanged();
    return sae;
  }

  private SaeObjective objective(TopKSae sae, LossNormalizer normalizer, AuxKConfig aux) {
    return Trained.of(sae, BATCH, normalizer, aux);
  }

  private static AuxKConfig aux() {
    return AuxKConfig.defaults().withDeadAfterTokens(BATCH).withKAux(3).withAlpha(0.7);
  }

  @ParameterizedTest
  @EnumSource(LossNormalizer.class)
  void theReconstructionsGradientIsThatOfFiniteDifferences(LossNormalizer normalizer) {
    checkGradients(normalizer, aux().withAlpha(0));
  }

  @ParameterizedTest
  @CsvSource({
    "BATCH_VARIANCE, SAME_AS_LOSS,      DEAD_SHARE, EXCLUDED, 3",
    "TOKENS,         SAME_AS_LOSS,      ONE,        INCLUDED, 3",
    "BATCH_VARIANCE, RESIDUAL_VARIANCE, ONE,        EXCLUDED, 5",
    "BATCH_VARIANCE, RESIDUAL_VARIANCE, DEAD_SHARE, INCLUDED, 8",
    "TOKENS,         RESIDUAL_VARIANCE, DEAD_SHARE, EXCLUDED, 1",
  })
  void theGradientWithTheAuxiliaryLossIsThatOfFiniteDifferences(
      LossNormalizer normalizer,
      AuxNormalizer auxNormalizer,
      AuxScale scale,
      AuxDecoderBias bias,
      int kAux) {
    AuxKConfig aux =
        aux().withKAux(kAux).withNormalizer(auxNormalizer).withScale(scale).withDecoderBias(bias);
    checkGradients(normalizer, aux);
  }

  private SaeObjective batchTopK(NaiveTopK point, LossNormalizer normalizer, AuxKConfig aux) {
    BatchTopKConfig config = new BatchTopKConfig(D_IN, D_SAE, K);
    ThresholdSae sae = at(point, ThresholdSae.allocate(device, config));
    return Trained.of(sae, BATCH, normalizer, aux);
  }

  @ParameterizedTest
  @EnumSource(LossNormalizer.class)
  void theGradientOfBatchTopKIsThatOfFiniteDifferences(LossNormalizer normalizer) {
    NaiveTopK naive = point(5);
    naive.freezeBatch(K, normalizer, aux());
    checkGradients(naive, batchTopK(naive, normalizer, aux()), aux());
  }

  @ParameterizedTest
  @EnumSource(LossNormalizer.class)
  void theGradientOfMatryoshkaIsThatOfFiniteDifferences(LossNormalizer normalizer) {
    List<Prefix> prefixes =
        List.of(new Prefix(2, 0.5), new Prefix(7, 0), new Prefix(8, 1.5), new Prefix(D_SAE, 0.7));
    NaiveTopK naive = point(5);
    naive.nest(prefixes);
    naive.freezeBatch(K, normalizer, aux());
    MatryoshkaConfig config = new MatryoshkaConfig(D_IN, D_SAE, K, prefixes);
    ThresholdSae sae = at(naive, ThresholdSae.allocate(device, config));
    checkGradients(naive, Trained.of(sae, BATCH, normalizer, aux()), aux());
  }

  @ParameterizedTest
  @CsvSource({
    "TOKEN, false, BATCH_VARIANCE, EXCLUDED",
    "TOKEN, true,  TOKENS,         INCLUDED",
    "BATCH, false, TOKENS,         EXCLUDED",
    "BATCH, true,  BATCH_VARIANCE, EXCLUDED",
  })
  void theGradientOfATranscoderIsThatOfFiniteDifferences(
      KScope scope, boolean skip, LossNormalizer normalizer, AuxDecoderBias bias) {
    AuxKConfig aux = aux().withDecoderBias(bias);
    RandomStream random = RandomStream.of(9, "target");
    double[][] target = matrix(random, 0, BATCH, D_OUT, 1);
    double[][] wSkip = skip ? matrix(random, 1000, D_OUT, D_IN, 0.3) : new double[0][];
    NaiveTopK at = point(5);
    NaiveTopK naive =
        new NaiveTopK(
            at.x,
            at.wEnc,
            at.bEnc,
            matrix(random, 2000, D_SAE, D_OUT, 0.4),
            matrix(random, 3000, 1, D_OUT, 0.3)[0]);
    naive.transcode(target, wSkip);
    if (scope == KScope.TOKEN) {
      naive.freeze(K, normalizer, aux);
    } else {
      naive.freezeBatch(K, normalizer, aux);
    }
    TranscoderConfig config = new TranscoderConfig(D_IN, D_OUT, D_SAE, K, scope, skip);
    SaeObjective objective = Trained.of(Sae.allocate(device, config), BATCH, normalizer, aux);
    Sae sae = at(naive, objective.sae());
    sae.skip().ifPresent(matrix -> device.kernels().copy(matrix, upload(wSkip)));
    WrittenGradients gradients =
        checkGradients(naive, objective, aux, upload(sideBySide(naive.x, target)));
    if (skip) {
      assertGradient("W_skip", total(naive), wSkip, gradients.get("W_skip"));
    }
  }

  @ParameterizedTest
  @EnumSource(LossNormalizer.class)
  void theGradientOfMultiTopKIsThatOfFiniteDifferences(LossNormalizer normalizer) {
    NaiveTopK naive = point(5);
    naive.freeze(2, normalizer, aux());
    naive.alsoWith(8);
    MultiTopKConfig config = new MultiTopKConfig(D_IN, D_SAE, 2);
    SaeObjective objective = Trained.of(Sae.allocate(device, config), BATCH, normalizer, aux());
    var _ = at(naive, objective.sae());
    assertTrue(naive.lossWithMore() > 1e-3);
    checkGradients(naive, objective, aux());
  }

  /** Groups of one latent each, and one group. */
  @ParameterizedTest
  @ValueSource(ints = {1, D_SAE})
  void theGradientOfGroupMaxIsThatOfFiniteDifferences(int k) {
    NaiveTopK naive = point(5);
    AuxKConfig aux = k == 1 ? aux() : aux().withAlpha(0);
    naive.freezeGroups(k, LossNormalizer.TOKENS, aux);
    GroupMaxConfig config = new GroupMaxConfig(D_IN, D_SAE, k);
    SaeObjective objective =
        Trained.of(Sae.allocate(device, config), BATCH, LossNormalizer.TOKENS, aux);
    var _ = at(naive, objective.sae());
    SaeLoss loss = objective.backward(upload(naive.x));
    assertEquals(naive.reconstructionLoss(), loss.part("reconstruction"), 1e-5);
    WrittenGradients gradients = WrittenGradients.of(objective);
    assertGradient("W_enc", total(naive), naive.wEnc, gradients.get("W_enc"));
    assertGradient("W_dec", total(naive), naive.wDec, gradients.get("W_dec"));
  }

  /** With the squared error as what a model makes of reconstructions. */
  @Test
  void aDownstreamLossAddsItsGradientByTheReconstructions() {
    NaiveTopK naive = point(5);
    assertDownstream(naive, sae(naive));
  }

  @Test
  void soIsItForEachPrefixOfANestedDictionary() {
    NaiveTopK naive = point(5);
    List<Prefix> prefixes = List.of(new Prefix(4, 0.3), new Prefix(9, 0.2), new Prefix(D_SAE, 0.4));
    MatryoshkaConfig config = new MatryoshkaConfig(D_IN, D_SAE, K, prefixes);
    assertDownstream(naive, at(naive, ThresholdSae.allocate(device, config)));
  }

  /** With the squared error as what a model makes of reconstructions. */
  private void assertDownstream(NaiveTopK naive, Sae sae) {
    FloatMatrix x = upload(naive.x);
    AuxKConfig none = aux().withAlpha(0);
    SaeObjective plain = Trained.of(sae, BATCH, LossNormalizer.TOKENS, none);
    SaeLoss expected = plain.backward(x);
    EndToEndConfig config = new EndToEndConfig(EndToEndConfig.Loss.KL, 3, 0.25);
    ObjectiveSettings settings =
        new ObjectiveSettings(
            1,
            BATCH,
            LossNormalizer.TOKENS,
            none,
            Optional.empty(),
            Optional.empty(),
            Optional.of(config));
    SaeObjective downstream =
        Workspace.allocate("test", device, w -> SaeObjective.of(w, sae, settings));
    downstream.continueWith((gradient, reconstructions, _) -> {
      device.kernels().subtract(gradient, reconstructions, x);
      double squares = 0;
      for (float each : device.toHost(gradient)) {
        squares += (double) each * each;
      }
      device.kernels().scale(gradient, gradient, 2f / BATCH);
      return squares / BATCH;
    });
    SaeLoss found = downstream.backward(x);
    assertEquals(3 * expected.total(), found.part("end_to_end"), 1e-5);
    assertEquals(0.25 * expected.total(), found.part("reconstruction"), 1e-5);
    WrittenGradients one = WrittenGradients.of(plain);
    WrittenGradients both = WrittenGradients.of(downstream);
    for (String name : List.of("W_enc", "b_enc", "W_dec", "b_dec")) {
      for (int i = 0; i < one.get(name).length; i++) {
        assertEquals(3.25 * one.get(name)[i], both.get(name)[i], 1e-4, name);
      }
    }
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    assertEquals(
        "k: is 4, d_sae is 13; k must be at most d_sae / 4",
        Refusal.of(IllegalArgumentException.class, () -> new MultiTopKConfig(D_IN, D_SAE, 4)));
    assertEquals(
        "d_sae: is 13, k is 4; d_sae must be a multiple of k",
        Refusal.of(IllegalArgumentException.class, () -> new GroupMaxConfig(D_IN, D_SAE, 4)));
  }

  /** A crosscoder of 7 layers that are 1 wide has the point's d_in. */
  @ParameterizedTest
  @EnumSource(KScope.class)
  void theGradientOfACrosscoderIsThatOfFiniteDifferences(KScope scope) {
    NaiveTopK naive = point(5);
    naive.encodeUncentred();
    if (scope == KScope.TOKEN) {
      naive.freeze(K, LossNormalizer.TOKENS, aux());
    } else {
      naive.freezeBatch(K, LossNormalizer.TOKENS, aux());
    }
    CrosscoderConfig config = new CrosscoderConfig(D_IN, 1, D_SAE, K, scope);
    SaeObjective objective =
        Trained.of(Sae.allocate(device, config), BATCH, LossNormalizer.TOKENS, aux());
    var _ = at(naive, objective.sae());
    checkGradients(naive, objective, aux());
  }

  private static double[][] sideBySide(double[][] left, double[][] right) {
    double[][] rows = new double[left.length][];
    for (int t = 0; t < rows.length; t++) {
      rows[t] = DoubleStream.concat(Arrays.stream(left[t]), Arrays.stream(right[t])).toArray();
    }
    return rows;
  }

  @Test
  void aMatryoshkaOfOnePrefixIsBatchTopK() {
    NaiveTopK naive = point(6);
    MatryoshkaConfig config = new MatryoshkaConfig(D_IN, D_SAE, K, List.of(new Prefix(D_SAE, 1)));
    ThresholdSae sae = at(naive, ThresholdSae.allocate(device, config));
    SaeObjective nested = Trained.of(sae, BATCH, LossNormalizer.TOKENS, aux());
    SaeLoss expected = batchTopK(naive, LossNormalizer.TOKENS, aux()).backward(upload(naive.x));
    SaeLoss found = nested.backward(upload(naive.x));
    assertEquals(expected.total(), found.total(), 1e-6 * expected.total());
    assertEquals(expected.fvu(), found.fvu(), 1e-6);
  }

  @Test
  void prefixesThatAreNotNestedAreRefused() {
    assertEquals(
        "prefixes: 4 latents come after 4; they must rise",
        refusal(List.of(new Prefix(4, 1), new Prefix(4, 1))));
    assertEquals(
        "prefixes: the last has 12 latents, d_sae is 13; they must be equal",
        refusal(List.of(new Prefix(4, 1), new Prefix(12, 1))));
    assertEquals(
        "prefixes.weight: the last is 0; it must be positive, or latents have no gradient",
        refusal(List.of(new Prefix(4, 1), new Prefix(D_SAE, 0))));
    assertEquals(List.of(new Prefix(1, 0.5), new Prefix(3, 0.5)), Prefix.halvings(3));
  }

  private static String refusal(List<Prefix> prefixes) {
    return Refusal.of(
        IllegalArgumentException.class, () -> new MatryoshkaConfig(D_IN, D_SAE, K, prefixes));
  }

  @Test
  void batchTopKLearnsTheThresholdFromTheLeastOfEachBatch() {
    NaiveTopK naive = point(5);
    naive.freezeBatch(K, LossNormalizer.TOKENS, aux());
    SaeObjective objective = batchTopK(naive, LossNormalizer.TOKENS, aux());
    ThresholdSae sae = (ThresholdSae) objective.sae();
    SaeLoss loss = objective.backward(upload(naive.x));
    assertEquals(K, loss.l0());
    float[] first = device.toHost(sae.thresholds());
    assertEquals(D_SAE, first.length);
    for (float threshold : first) {
      assertEquals(naive.least(), threshold, 1e-5);
    }

    device.kernels().scale(sae.weights().wEnc(), sae.weights().wEnc(), 2);
    device.kernels().scale(sae.weights().bEnc(), sae.weights().bEnc(), 2);
    sae.weightsChanged();
    var _ = objective.backward(upload(naive.x));
    assertEquals(
        0.9 * naive.least() + 0.1 * 2 * naive.least(), device.toHost(sae.thresholds())[0], 1e-5);
  }

  private void checkGradients(LossNormalizer normalizer, AuxKConfig aux) {
    NaiveTopK naive = point(5);
    naive.freeze(K, normalizer, aux);
    checkGradients(naive, objective(sae(naive), normalizer, aux), aux);
  }

  private void checkGradients(NaiveTopK naive, SaeObjective objective, AuxKConfig aux) {
    var _ = checkGradients(naive, objective, aux, upload(naive.x));
  }

  private static WrittenGradients checkGradients(
      NaiveTopK naive, SaeObjective objective, AuxKConfig aux, FloatMatrix rows) {
    SaeLoss loss = objective.backward(rows);
    assertTrue(naive.dead().length >= FAINT.length);
    assertEquals(naive.dead().length, loss.deadLatents());
    assertEquals(naive.reconstructionLoss(), loss.part("reconstruction"), 1e-5);
    double auxiliary = loss.parts().getOrDefault("auxiliary", 0.0);
    assertEquals(naive.auxLoss(), auxiliary, 1e-5);
    assertEquals(
        loss.part("reconstruction") + auxiliary,
        loss.total() - loss.parts().getOrDefault("multi_topk", 0.0),
        1e-12);
    assertEquals(naive.lossWithMore(), loss.parts().getOrDefault("multi_topk", 0.0), 1e-5);
    assertEquals(aux.alpha() > 0, auxiliary > 1e-3);

    WrittenGradients gradients = WrittenGradients.of(objective);
    DoubleSupplier total = total(naive);
    assertGradient("W_enc", total, naive.wEnc, gradients.get("W_enc"));
    assertGradient("W_dec", total, naive.wDec, gradients.get("W_dec"));
    assertGradient("b_enc", total, new double[][] {naive.bEnc}, gradients.get("b_enc"));
    assertGradient("b_dec", total, new double[][] {naive.bDec}, gradients.get("b_dec"));
    return gradients;
  }

  private static DoubleSupplier total(NaiveTopK naive) {
    return () -> naive.reconstructionLoss() + naive.auxLoss() + naive.lossWithMore();
  }

  @Test
  void aLatentIsDeadAfterTheGivenTokensAndAliveOnceActive() {
    NaiveTopK naive = point(5);
    naive.freeze(K, LossNormalizer.TOKENS, aux());
    SaeObjective objective =
        objective(sae(naive), LossNormalizer.TOKENS, aux().withDeadAfterTokens(2 * BATCH));
    assertEquals(0, objective.backward(upload(naive.x)).deadLatents());
    SaeLoss second = objective.backward(upload(naive.x));
    assertEquals(naive.dead().length, second.deadLatents());
    assertTrue(second.part("auxiliary") > 0);
  }

  @Test
  void fvuIsTheSameForAnyNormaliser() {
    NaiveTopK naive = point(6);
    double fvu =
        objective(sae(naive), LossNormalizer.BATCH_VARIANCE, aux()).backward(upload(naive.x)).fvu();
    SaeLoss other = objective(sae(naive), LossNormalizer.TOKENS, aux()).backward(upload(naive.x));
    assertEquals(fvu, other.fvu());
    assertEquals(NaiveTopK.variance(naive.x) * fvu / BATCH, other.part("reconstruction"), 1e-4);
  }

  @Test
  void codesAreTheKLargestPositivePreActivations() {
    NaiveTopK naive = point(7);
    naive.freeze(K, LossNormalizer.TOKENS, aux());
    TopKSae sae = sae(naive);
    SparseCodes codes = sae.newCodes(BATCH);
    sae.encode(codes, upload(naive.x));
    int[] indices = device.toHost(codes.indices());
    int[] counts = device.toHost(codes.counts());
    float[] values = device.toHost(codes.values());
    double[][] z = naive.preActivations();
    for (int t = 0; t < BATCH; t++) {
      int[] active = Arrays.copyOfRange(indices, t * K, t * K + counts[t]);
      assertArrayEquals(naive.active(t), active);
      for (int slot = 0; slot < counts[t]; slot++) {
        assertEquals(z[t][active[slot]], values[t * K + slot], 1e-5);
      }
    }
  }

  @Test
  void anAuxiliaryLossWithMoreLatentsThanThereAreIsRefused() {
    TopKSae sae = sae(point(5));
    AuxKConfig aux = aux().withKAux(D_SAE + 1);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> objective(sae, LossNormalizer.TOKENS, aux));
    assertEquals("k_aux: is 14, d_sae is 13; k_aux must be at most d_sae", e.getMessage());
  }
}
