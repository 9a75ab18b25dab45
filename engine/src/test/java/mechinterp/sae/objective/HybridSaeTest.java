package mechinterp.sae.objective;

import static mechinterp.sae.objective.FiniteDifferences.assertGradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.Refusal;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.InferenceCodes;
import mechinterp.sae.Prefix;
import mechinterp.sae.RandomSae;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeMetadata;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HybridSaeTest {
  private static final int D_IN = 7;
  private static final int D_SAE = 13;
  private static final int K = 3;
  private static final int BATCH = 6;
  private static final HybridSaeConfig CONFIG =
      HybridSaeConfig.of(D_IN, D_SAE, K)
          .withPrefixes(List.of(new Prefix(2, 0.5), new Prefix(7, 0.2), new Prefix(D_SAE, 0.75)));
  private static final AuxKConfig AUX =
      AuxKConfig.defaults().withDeadAfterTokens(BATCH).withKAux(3).withAlpha(0.7);

  private final Device device = CpuDevice.scalar();

  @TempDir private Path folder;

  private FloatMatrix upload(double[]... rows) {
    float[] values = new float[rows.length * rows[0].length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return device.matrix(rows.length, rows[0].length, values);
  }

  private HybridSae sae(NaiveTopK point, HybridSaeConfig config) {
    HybridSae sae = HybridSae.allocate(device, config);
    device.kernels().copy(sae.weights().wEnc(), upload(point.wEnc));
    device.kernels().copy(sae.weights().bEnc(), upload(point.bEnc));
    device.kernels().copy(sae.weights().wDec(), upload(point.wDec));
    device.kernels().copy(sae.weights().bDec(), upload(point.bDec));
    sae.weightsChanged();
    return sae;
  }

  private SaeObjective objective(HybridSae sae, LossNormalizer normalizer) {
    return Trained.of(sae, BATCH, normalizer, AUX);
  }

  /** The fixed points of the first tokens, NaN beside the shortlist. */
  private double[][] fixedPoints(NaiveTopK naive, HybridSae sae, int tokens) {
    FloatMatrix centred = device.floats(tokens, D_IN);
    device.kernels().addRow(centred, upload(naive.x).rowRange(0, tokens), sae.weights().bDec(), -1);
    int size = sae.config().shortlist();
    SparseCodes shortlist =
        new SparseCodes(
            device.ints(tokens, size), device.floats(tokens, size), device.ints(tokens, 1), D_SAE);
    sae.encodeShortlist(shortlist, centred);
    FloatMatrix targets = device.floats(tokens, size);
    sae.fixedPoint(targets, centred, shortlist);
    int[] latents = device.toHost(shortlist.indices());
    int[] counts = device.toHost(shortlist.counts());
    float[] values = device.toHost(targets);
    double[][] points = new double[tokens][D_SAE];
    for (int t = 0; t < tokens; t++) {
      Arrays.fill(points[t], Double.NaN);
      for (int slot = 0; slot < counts[t]; slot++) {
        points[t][latents[t * size + slot]] = values[t * size + slot];
      }
    }
    return points;
  }

  @ParameterizedTest
  @CsvSource({
    "0.3, 1,   4, 6, TOKENS",
    "2,   0.4, 4, 3, BATCH_VARIANCE",
    "0.5, 1,   1, 6, BATCH_VARIANCE"
  })
  void theGradientIsThatOfFiniteDifferences(
      double weight, double share, int factor, int tokens, LossNormalizer normalizer) {
    HybridSaeConfig config = CONFIG.withFixedPoint(weight, share).withPursuit(factor, 3, 1.5);
    NaiveTopK naive = SparseObjectiveTest.point(5);
    naive.freeze(K, normalizer, AUX);
    naive.alsoPrefixes(config.prefixes(), K);
    HybridSae sae = sae(naive, config);
    naive.freezeFixedPoints(fixedPoints(naive, sae, tokens), weight);
    SaeObjective objective = objective(sae, normalizer);
    SaeLoss loss = objective.backward(upload(naive.x));

    assertEquals(naive.reconstructionLoss(), loss.part(SaeLoss.RECONSTRUCTION), 1e-5);
    assertEquals(naive.prefixLoss(), loss.part(SaeLoss.PREFIXES), 1e-5);
    assertEquals(naive.fixedPointLoss(), loss.part(SaeLoss.FIXED_POINT), 1e-5);
    assertEquals(naive.auxLoss(), loss.part(SaeLoss.AUXILIARY), 1e-5);
    assertTrue(loss.part(SaeLoss.PREFIXES) > 1e-3);
    assertTrue(loss.part(SaeLoss.FIXED_POINT) > 1e-3);
    assertTrue(loss.part(SaeLoss.AUXILIARY) > 1e-3);
    WrittenGradients gradients = WrittenGradients.of(objective);
    DoubleSupplier total =
        () ->
            naive.reconstructionLoss()
                + naive.prefixLoss()
                + naive.auxLoss()
                + naive.fixedPointLoss();
    assertGradient("W_enc", total, naive.wEnc, gradients.get("W_enc"));
    assertGradient("W_dec", total, naive.wDec, gradients.get("W_dec"));
    assertGradient("b_enc", total, new double[][] {naive.bEnc}, gradients.get("b_enc"));
    assertGradient("b_dec", total, new double[][] {naive.bDec}, gradients.get("b_dec"));
  }

  /** Of latents 0 to 6 the three largest, though a larger one behind them is active. */
  @Test
  void aPrefixHasTheLargestOfItsOwnLatents() {
    HybridSae sae = random(CONFIG);
    FloatMatrix x = RandomSae.activations(device, BATCH, D_IN, 3);
    SparseCodes own = sae.newCodes(BATCH);
    sae.encodePrefix(own, x, 7);
    HybridSae seven = random(CONFIG, 7);
    SparseCodes alone = seven.newCodes(BATCH);
    seven.encodeFast(alone, x);
    assertArrayEquals(device.toHost(alone.indices()), device.toHost(own.indices()));
    assertArrayEquals(device.toHost(alone.values()), device.toHost(own.values()));
    SparseCodes whole = sae.newCodes(BATCH);
    sae.encodeFast(whole, x);
    assertFalse(Arrays.equals(device.toHost(whole.indices()), device.toHost(own.indices())));
  }

  /** The first latents of {@link #random(HybridSaeConfig)}. */
  private HybridSae random(HybridSaeConfig config, int latents) {
    HybridSae of = random(config);
    HybridSae first =
        HybridSae.allocate(device, HybridSaeConfig.of(config.dIn(), latents, config.k()));
    device.kernels().copy(first.weights().wEnc(), of.weights().wEnc().rowRange(0, latents));
    device.kernels().copy(first.weights().bEnc(), of.weights().bEnc().columnRange(0, latents));
    device.kernels().copy(first.weights().wDec(), of.weights().wDec().rowRange(0, latents));
    first.weightsChanged();
    return first;
  }

  @Test
  void thePursuitHasNoPartInTheDictionarysGradient() {
    NaiveTopK point = SparseObjectiveTest.point(5);
    WrittenGradients without = gradients(point, CONFIG.withFixedPoint(0, 1));
    WrittenGradients with = gradients(point, CONFIG.withFixedPoint(50, 1));
    WrittenGradients other = gradients(point, CONFIG.withFixedPoint(50, 1).withPursuit(1, 1, 1));
    for (String name : List.of("W_dec", "b_dec")) {
      assertArrayEquals(without.get(name), with.get(name), name);
      assertArrayEquals(without.get(name), other.get(name), name);
    }
    for (String name : List.of("W_enc", "b_enc")) {
      assertFalse(Arrays.equals(without.get(name), with.get(name)), name);
      assertFalse(Arrays.equals(other.get(name), with.get(name)), name);
    }
  }

  private WrittenGradients gradients(NaiveTopK point, HybridSaeConfig config) {
    SaeObjective objective = objective(sae(point, config), LossNormalizer.TOKENS);
    var _ = objective.backward(upload(point.x));
    return WrittenGradients.of(objective);
  }

  /** Random weights of no special kind. */
  private HybridSae random(HybridSaeConfig config) {
    TopKConfig topK = new TopKConfig(config.dIn(), config.dSae(), config.k());
    TopKSae sae = RandomSae.of(device, topK, 3);
    device.kernels().normalizeRows(sae.weights().wDec(), sae.weights().wDec());
    device.kernels().copy(sae.weights().wEnc(), sae.weights().wDec());
    sae.weightsChanged();
    return HybridSae.withWeightsOf(sae, config);
  }

  private static HybridSaeConfig large() {
    return HybridSaeConfig.of(24, 90, 5);
  }

  @Test
  void fastCodesAreThoseOfATopKWithTheSameWeights() {
    HybridSae hybrid = random(large().withCodes(InferenceCodes.FAST));
    TopKSae topK = RandomSae.of(device, new TopKConfig(24, 90, 5), 3);
    device.kernels().copy(topK.weights().wEnc(), hybrid.weights().wEnc());
    topK.weightsChanged();
    FloatMatrix x = RandomSae.activations(device, 1100, 24, 8);
    assertSameCodes(encode(topK, x), encode(hybrid, x));
  }

  private static SparseCodes encode(Sae sae, FloatMatrix x) {
    SparseCodes codes = sae.newCodes(x.rows());
    sae.encode(codes, x);
    return codes;
  }

  private void assertSameCodes(SparseCodes expected, SparseCodes found) {
    assertArrayEquals(device.toHost(expected.counts()), device.toHost(found.counts()));
    assertArrayEquals(device.toHost(expected.indices()), device.toHost(found.indices()));
    assertArrayEquals(device.toHost(expected.values()), device.toHost(found.values()));
  }

  @Test
  void fullCodesExplainMoreThanFastOnes() {
    HybridSae full = random(large());
    HybridSae fast = HybridSae.withWeightsOf(full, large().withCodes(InferenceCodes.FAST));
    FloatMatrix x = RandomSae.activations(device, 300, 24, 8);
    double left = squaredError(full, x);
    assertTrue(left < 0.8 * squaredError(fast, x), "left " + left);
    double moreRounds =
        squaredError(HybridSae.withWeightsOf(full, large().withPursuit(4, 8, 1.5)), x);
    double noShortlist =
        squaredError(HybridSae.withWeightsOf(full, large().withPursuit(1, 3, 1.5)), x);
    assertTrue(moreRounds < left);
    assertTrue(noShortlist > left);
  }

  private double squaredError(Sae sae, FloatMatrix x) {
    FloatMatrix out = device.floats(x.rows(), x.cols());
    sae.decode(out, encode(sae, x));
    float[] expected = device.toHost(x);
    float[] found = device.toHost(out);
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      sum += (expected[i] - found[i]) * (expected[i] - found[i]);
    }
    return sum;
  }

  @Test
  void foldingAScaleKeepsFullCodes() {
    HybridSae sae = random(large());
    FloatMatrix x = RandomSae.activations(device, 40, 24, 8);
    FloatMatrix scaled = device.floats(40, 24);
    device.kernels().scale(scaled, x, 4);
    assertSameCodes(encode(sae, scaled), encode(sae.foldInputScale(4), x));
  }

  private Path saved(Sae sae) throws IOException {
    Path target = folder.resolve("sae");
    SaeFiles.save(sae, target, SaeMetadata.of("gpt2", "blocks.8.hook_resid_post"));
    return target;
  }

  @Test
  void savedAndLoadedItIsTheSameHybrid() throws IOException {
    HybridSae sae = random(large().withFixedPoint(0.125, 0.5).withPursuit(3, 4, 1.25));
    LoadedSae loaded = SaeFiles.load(saved(sae), device);
    assertEquals(sae.config(), loaded.sae().config());
    FloatMatrix x = RandomSae.activations(device, 40, 24, 8);
    assertSameCodes(encode(sae, x), encode(loaded.sae(), x));
    assertEquals("hybrid", loaded.metadata().text("training_architecture").orElseThrow());
    assertFalse(loaded.metadata().fields().containsKey("hybrid_sae"));
  }

  @Test
  void toWhomDoesNotKnowHybridsTheFilesAreThoseOfATopK() throws IOException {
    HybridSae sae = random(large().withCodes(InferenceCodes.FAST));
    Path config = saved(sae).resolve("cfg.json");
    assertTrue(Files.readString(config).contains("\"architecture\": \"topk\""));
    Files.writeString(config, Files.readString(config).replace("\"hybrid_sae\"", "\"another\""));
    Sae topK = SaeFiles.load(folder.resolve("sae"), device).sae();
    assertEquals(new TopKConfig(24, 90, 5), topK.config());
    FloatMatrix x = RandomSae.activations(device, 40, 24, 8);
    assertSameCodes(encode(sae, x), encode(topK, x));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "rounds": 3   | "rounds": 0   | %s: metadata.hybrid_sae: rounds: is 0; it must be at least 1
          "rounds": 3   | "rounds": "3" | %s: metadata.hybrid_sae: field rounds: *
          "rounds"      | "turns"       | %s: metadata.hybrid_sae: field rounds: is missing
          "k": 5,       | "k": 6,       | %s: metadata.hybrid_sae has d_in 24, d_sae 90, k 5, the file 24, 90, 6; they must be equal
          """)
  void damagedSettingsAreRefusedInOneLine(String from, String to, String message)
      throws IOException {
    Path config = saved(random(large())).resolve("cfg.json");
    String text = Files.readString(config);
    assertTrue(text.contains(from));
    Files.writeString(config, text.replaceFirst(from, to));
    String expected = message.formatted(config);
    String found =
        Refusal.of(FormatException.class, () -> SaeFiles.load(folder.resolve("sae"), device));
    assertTrue(
        expected.endsWith("*")
            ? found.startsWith(expected.substring(0, expected.length() - 1))
            : found.equals(expected),
        found);
  }

  @Test
  void theDefaultsAreThoseOfTheDefinition() {
    assertEquals(
        """
        {
          "architecture": "hybrid",
          "d_in": 384,
          "d_sae": 8192,
          "k": 32,
          "prefixes": [
            {
              "latents": 2048,
              "weight": 0.25
            },
            {
              "latents": 8192,
              "weight": 0.75
            }
          ],
          "fixed_point_weight": 0.1,
          "fixed_point_share": 0.5,
          "shortlist_factor": 4,
          "rounds": 3,
          "overshoot": 1.5,
          "codes": "full"
        }\
        """,
        Json.pretty(HybridSaeConfig.of(384, 8192, 32)));
    assertEquals(128, HybridSaeConfig.of(384, 8192, 32).shortlist());
    assertEquals(90, large().withPursuit(100, 3, 1.5).shortlist());
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    assertEquals(
        "fixed_point_weight: is -1.0; it must be at least 0 and finite",
        refusal(() -> CONFIG.withFixedPoint(-1, 1)));
    assertEquals(
        "fixed_point_share: is 0.0; it must be above 0 and at most 1",
        refusal(() -> CONFIG.withFixedPoint(1, 0)));
    assertEquals(
        "shortlist_factor: is 0; it must be at least 1",
        refusal(() -> CONFIG.withPursuit(0, 3, 1.5)));
    assertEquals(
        "rounds: is 0; it must be at least 1", refusal(() -> CONFIG.withPursuit(4, 0, 1.5)));
    assertEquals(
        "overshoot: is 0.5; it must be at least 1 and finite",
        refusal(() -> CONFIG.withPursuit(4, 3, 0.5)));
    assertEquals(
        "prefixes: the last has 4 latents, d_sae is 13; they must be equal",
        refusal(() -> CONFIG.withPrefixes(List.of(new Prefix(4, 1)))));
    assertEquals(
        "d_sae: is 13, the weights have 90; they must be equal",
        refusal(() -> HybridSae.withWeightsOf(random(large()), HybridSaeConfig.of(24, 13, 3))));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable executable) {
    return Refusal.of(IllegalArgumentException.class, executable);
  }

  @Test
  void aLeastCodeSharesOutLatentsAmongTokens() throws FormatException {
    HybridSaeConfig config = HybridSaeConfig.of(24, 96, 6);
    HybridSae few =
        HybridSae.withWeightsOf(RandomSae.of(device, new TopKConfig(24, 96, 6), 5), config);
    FloatMatrix sample = RandomSae.activations(device, 500, 24, 3);
    HybridSae shared = few.withMeanL0(sample);
    assertEquals(9, shared.maxActive());
    SparseCodes codes = shared.newCodes(500);
    shared.encode(codes, sample);
    int[] counts = device.toHost(codes.counts());
    double mean = IntStream.of(counts).average().orElseThrow();
    assertEquals(6, mean, 0.06);
    assertTrue(IntStream.of(counts).max().orElseThrow() > 6);
    assertTrue(IntStream.of(counts).min().orElseThrow() < 6);
    assertEquals(
        shared.config(), Json.value("test", Json.node(shared.config()), HybridSaeConfig.class));
    assertEquals(shared.config(), few.withMeanL0AtMost(sample).config());
  }

  @Test
  void aPursuitThatHoldsTooFewLatentsKeepsThemAllOrIsRefused() {
    HybridSaeConfig config = HybridSaeConfig.of(24, 96, 6).withPursuit(4, 3, 1);
    HybridSae few =
        HybridSae.withWeightsOf(RandomSae.of(device, new TopKConfig(24, 96, 6), 5), config);
    FloatMatrix sample = RandomSae.activations(device, 500, 24, 3);
    String message = Refusal.of(IllegalArgumentException.class, () -> few.withMeanL0(sample));
    assertTrue(message.startsWith("k: is 6, the pursuit holds 5."), message);
    HybridSae all = few.withMeanL0AtMost(sample);
    SparseCodes codes = all.newCodes(500);
    all.encode(codes, sample);
    double mean = IntStream.of(device.toHost(codes.counts())).average().orElseThrow();
    assertTrue(message.startsWith("k: is 6, the pursuit holds %.2f".formatted(mean)), message);
  }
}
