package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.analysis.FeatureContext.ContextToken;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;

class FeatureAnalysisTest {
  private static final int D_IN = 5;
  private static final int D_SAE = 13;
  private static final int K = 3;
  private static final int TOKENS = 211;
  private static final ActivationIdentity IDENTITY =
      new ActivationIdentity("model", "hook", "tokenizer", "text");

  private final Device device = CpuDevice.scalar();
  private final Sae sae = randomSae();
  private final float[] activations = gaussians("activations", TOKENS * D_IN);
  private final TokenOrigins origins = documentsOfUnequalLength();
  private final ActivationStore store =
      ActivationStore.inMemory(D_IN, activations, origins, IDENTITY);
  private final FeatureAnalysisConfig config = new FeatureAnalysisConfig(4, 3, 2, 9, 3, 2, 17);
  private final FeatureReport report = FeatureAnalysis.of(sae).with(config).over(store);

  @Test
  void statisticsAreThoseOfAllTokens() {
    float[][] dense = encodeAll();
    for (int f = 0; f < D_SAE; f++) {
      int latent = f;
      double[] active =
          IntStream.range(0, TOKENS)
              .mapToDouble(t -> dense[t][latent])
              .filter(value -> value > 0)
              .toArray();
      LatentProfile profile = report.profile(f);
      assertEquals(active.length, profile.activeTokens());
      assertEquals((double) active.length / TOKENS, profile.density());
      assertEquals(
          IntStream.range(0, active.length).mapToDouble(i -> active[i]).average().orElse(0),
          profile.meanActivation(),
          1e-12);
      assertEquals(
          IntStream.range(0, active.length).mapToDouble(i -> active[i]).max().orElse(0),
          profile.maxActivation());
    }
  }

  @Test
  void peaksAreTheBestTokensOfDifferentDocuments() {
    float[][] dense = encodeAll();
    for (int f = 0; f < D_SAE; f++) {
      Map<Integer, Peak> bestOfDocument = new TreeMap<>();
      for (int t = 0; t < TOKENS; t++) {
        Peak peak = new Peak(t, origins.document(t), dense[t][f]);
        if (peak.activation() > 0) {
          bestOfDocument.merge(
              peak.document(), peak, (a, b) -> b.activation() > a.activation() ? b : a);
        }
      }
      List<Peak> expected =
          bestOfDocument.values().stream()
              .sorted(Comparator.comparing(Peak::activation).reversed().thenComparing(Peak::row))
              .limit(config.topContexts())
              .toList();
      assertEquals(expected, report.peaks(f), "latent " + f);
    }
  }

  @Test
  void equalActivationsKeepTheFirst() {
    TopActivations top = new TopActivations(2, 2);
    int[] documents = {0, 0, 1, 2, 1};
    float[] values = {1, 1, 1, 1, 2};
    for (int row = 0; row < values.length; row++) {
      top.add(1, values[row], row, documents[row]);
    }
    assertEquals(List.of(), top.of(0));
    assertEquals(List.of(new Peak(4, 1, 2), new Peak(0, 0, 1)), top.of(1));
  }

  @Test
  void resultsDoNotDependOnTheBatchSize() {
    for (int batchSize : new int[] {1, 16, 1000}) {
      FeatureReport other =
          FeatureAnalysis.of(sae).with(config.withBatchSize(batchSize)).over(store);
      for (int f = 0; f < D_SAE; f++) {
        assertEquals(report.profile(f), other.profile(f));
        assertEquals(report.peaks(f), other.peaks(f));
        assertEquals(report.histogram(f), other.histogram(f));
      }
    }
  }

  @Test
  void contextsStayInTheirDocumentAndShowTheActivationOfEachToken() {
    float[][] dense = encodeAll();
    for (int f = 0; f < D_SAE; f++) {
      List<Peak> peaks = report.peaks(f);
      List<FeatureContext> contexts = report.contexts(f);
      assertEquals(peaks.size(), contexts.size());
      for (int i = 0; i < peaks.size(); i++) {
        assertContext(contexts.get(i), peaks.get(i), dense, f);
      }
    }
  }

  private void assertContext(FeatureContext context, Peak peak, float[][] dense, int latent) {
    int from = peak.row();
    while (from > 0 && peak.row() - from < 3 && origins.document(from - 1) == peak.document()) {
      from--;
    }
    int to = peak.row() + 1;
    while (to < TOKENS && to - peak.row() < 3 && origins.document(to) == peak.document()) {
      to++;
    }
    List<ContextToken> expected = new ArrayList<>();
    for (int t = from; t < to; t++) {
      expected.add(new ContextToken(origins.tokenId(t), dense[t][latent]));
    }
    assertEquals(new FeatureContext(peak.document(), expected, peak.row() - from), context);
    assertEquals(peak.activation(), context.peakToken().activation());
  }

  @Test
  void aGapInADocumentEndsAContext() {
    TokenOrigins gap =
        new TokenOrigins(new int[] {7, 8, 9, 10}, new int[4], new int[] {0, 1, 5, 6});
    ActivationStore small =
        ActivationStore.inMemory(D_IN, gaussians("gap", 4 * D_IN), gap, IDENTITY);
    Window window = Window.around(small, new Peak(2, 0, 1), config);
    assertEquals(new Window(2, 0, List.of(9, 10)), window);
  }

  @Test
  void histogramsCountEveryActivationInItsBin() {
    float[][] dense = encodeAll();
    for (int f = 0; f < D_SAE; f++) {
      ActivationHistogram histogram = report.histogram(f);
      for (int bin = 0; bin < histogram.counts().size(); bin++) {
        double low = histogram.lowerEdge(bin);
        double high = histogram.lowerEdge(bin + 1);
        int latent = f;
        long expected =
            IntStream.range(0, TOKENS)
                .filter(t -> dense[t][latent] >= low && dense[t][latent] < high)
                .count();
        assertEquals(expected, histogram.counts().get(bin));
      }
      assertEquals(
          report.profile(f).activeTokens(),
          histogram.counts().stream().mapToLong(Long::longValue).sum());
    }
  }

  @Test
  void neighboursHaveTheLargestCosines() {
    float[] decoder = device.toHost(sae.weights().wDec());
    List<Integer> latents = List.of(0, 7, 12);
    List<List<Neighbour>> found = report.neighbours(latents, 4);
    for (int i = 0; i < latents.size(); i++) {
      int latent = latents.get(i);
      List<Integer> expected =
          IntStream.range(0, D_SAE)
              .boxed()
              .filter(f -> f != latent)
              .sorted(Comparator.comparingDouble((Integer f) -> -cosine(decoder, latent, f)))
              .limit(4)
              .toList();
      assertEquals(expected, found.get(i).stream().map(Neighbour::latent).toList());
      for (Neighbour neighbour : found.get(i)) {
        assertEquals(cosine(decoder, latent, neighbour.latent()), neighbour.cosine(), 1e-6);
      }
    }
  }

  @Test
  void thereAreNoMoreNeighboursThanOtherLatents() {
    List<Neighbour> all = report.neighbours(List.of(3), 100).getFirst();
    Set<Integer> different = new HashSet<>(all.stream().map(Neighbour::latent).toList());
    assertEquals(D_SAE - 1, all.size());
    assertEquals(D_SAE - 1, different.size());
    assertEquals(List.of(), report.neighbours(List.of(3), 0).getFirst());
    assertEquals(List.of(), report.neighbours(List.of(), 3));
  }

  @Test
  void encoderDecoderCosinesAreThoseOfTheRows() {
    device.kernels().copy(sae.weights().wEnc().row(4), sae.weights().wDec().row(4));
    device.kernels().fill(sae.weights().wEnc().row(5), 0);
    float[] cosines = new DecoderGeometry(sae).encoderDecoderCosines();
    assertEquals(1, cosines[4], 1e-6);
    assertEquals(0, cosines[5]);
  }

  @Test
  void progressEndsWithAllTokens() {
    List<Integer> heard = new ArrayList<>();
    FeatureAnalysis.of(sae).with(config).over(store, heard::add);
    assertEquals(TOKENS, heard.getLast());
    assertEquals((TOKENS + 16) / 17, heard.size());
  }

  @Test
  void whatCannotBeAnalysedIsRefusedInOneLine() {
    ActivationStore bare = ActivationStore.inMemory(D_IN, activations);
    assertThrows(IllegalStateException.class, () -> FeatureAnalysis.of(sae).over(bare));
    ActivationStore narrow = ActivationStore.inMemory(1, activations);
    IllegalArgumentException width =
        assertThrows(IllegalArgumentException.class, () -> FeatureAnalysis.of(sae).over(narrow));
    assertTrue(width.toString().contains("d_in is 5"), width.toString());
    assertThrows(IllegalArgumentException.class, () -> report.profile(D_SAE));
    assertThrows(IllegalArgumentException.class, () -> report.neighbours(List.of(-1), 2));
    assertThrows(IllegalArgumentException.class, () -> config.withTopContexts(0));
  }

  @Test
  void agreementComparesPeakTokensWithAllTokens() {
    // Tokens 0 and 1 make up a quarter and three quarters of the text; latent 0 peaks on 0 only.
    float[] x = {1, 1, 0, 0, 0, 0, 0, 0};
    TokenOrigins text =
        new TokenOrigins(
            new int[] {0, 0, 1, 1, 1, 1, 1, 1}, new int[] {0, 1, 2, 3, 4, 5, 6, 7}, new int[8]);
    TopKSae identity = TopKSae.allocate(device, new TopKConfig(1, 2, 1));
    device.upload(identity.weights().wEnc(), new float[] {1, -1}, 0);
    device.upload(identity.weights().wDec(), new float[] {1, -1}, 0);
    identity.weightsChanged();
    FeatureReport small =
        FeatureAnalysis.of(identity)
            .with(new FeatureAnalysisConfig(4, 1, 1, 1, 1, 1, 8))
            .over(ActivationStore.inMemory(1, x, text, IDENTITY));
    FeatureRanking ranking = new FeatureRanking(small);
    FeatureInterest interest = ranking.interest(0);
    assertEquals(Math.log(4), interest.agreement(), 1e-12);
    assertEquals(1, interest.topTokenShare());
    assertEquals(1, interest.coherence(), 1e-12, "both peaks lie on one side of the mean");
    assertEquals(interest.agreement(), interest.score(), 1e-12);
    assertEquals(List.of(new FeatureInterest.TokenCount(0, 2)), interest.peakTokens());
    assertThrows(IllegalArgumentException.class, () -> ranking.interest(1));
    assertEquals(List.of(), ranking.best(5, _ -> true), "active on more than a tenth");
  }

  @Test
  void coherenceIsTheMeanCosineOverPairsOfPeaks() {
    FeatureRanking ranking = new FeatureRanking(report);
    double[] mean = new double[D_IN];
    for (int i = 0; i < activations.length; i++) {
      mean[i % D_IN] += (double) activations[i] / TOKENS;
    }
    float[] centred = new float[activations.length];
    for (int i = 0; i < centred.length; i++) {
      centred[i] = (float) (activations[i] - mean[i % D_IN]);
    }
    for (int f = 0; f < D_SAE; f++) {
      List<Peak> peaks = report.peaks(f);
      double sum = 0;
      for (Peak a : peaks) {
        for (Peak b : peaks) {
          sum += a.equals(b) ? 0 : cosine(centred, a.row(), b.row());
        }
      }
      double pairs = peaks.size() * (peaks.size() - 1.0);
      assertEquals(sum / pairs, ranking.interest(f).coherence(), 1e-5, "latent " + f);
    }
  }

  @Test
  void theRankingIsByAgreementAndNamesNoTokenTwice() {
    FeatureRanking ranking = new FeatureRanking(report);
    List<FeatureInterest> best = ranking.best(D_SAE, _ -> true);
    assertTrue(best.size() >= 2, "ranked: " + best.size());
    Set<Integer> tokens = new HashSet<>();
    for (int i = 0; i < best.size(); i++) {
      assertTrue(i == 0 || best.get(i - 1).score() >= best.get(i).score());
      assertTrue(tokens.add(best.get(i).peakTokens().getFirst().id()));
    }
    assertEquals(best.subList(0, 1), ranking.best(1, _ -> true));
    assertEquals(List.of(), ranking.best(3, _ -> false));
  }

  private static double cosine(float[] rows, int a, int b) {
    double dot = 0;
    double squareA = 0;
    double squareB = 0;
    for (int i = 0; i < D_IN; i++) {
      dot += (double) rows[a * D_IN + i] * rows[b * D_IN + i];
      squareA += (double) rows[a * D_IN + i] * rows[a * D_IN + i];
      squareB += (double) rows[b * D_IN + i] * rows[b * D_IN + i];
    }
    return dot / Math.sqrt(squareA * squareB);
  }

  private float[][] encodeAll() {
    FloatMatrix x = device.matrix(TOKENS, D_IN, activations);
    SparseCodes codes = sae.newCodes(TOKENS);
    sae.encode(codes, x);
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    float[][] dense = new float[TOKENS][D_SAE];
    for (int i = 0; i < indices.length; i++) {
      dense[i / K][indices[i]] += values[i];
    }
    return dense;
  }

  private Sae randomSae() {
    TopKSae random = TopKSae.allocate(device, new TopKConfig(D_IN, D_SAE, K));
    upload(random.weights().wEnc(), "W_enc");
    upload(random.weights().wDec(), "W_dec");
    upload(random.weights().bDec(), "b_dec");
    random.weightsChanged();
    return random;
  }

  private void upload(FloatMatrix matrix, String name) {
    device.upload(matrix, gaussians(name, (int) matrix.size()), 0);
  }

  private static float[] gaussians(String name, int size) {
    float[] values = new float[size];
    RandomStream.of(1, name).fillGaussian(values, 0, 1);
    return values;
  }

  /** Documents of 1, 2, ... tokens. */
  private static TokenOrigins documentsOfUnequalLength() {
    int[] tokenIds = new int[TOKENS];
    int[] documents = new int[TOKENS];
    int[] positions = new int[TOKENS];
    for (int t = 1; t < TOKENS; t++) {
      boolean starts = positions[t - 1] == documents[t - 1];
      documents[t] = documents[t - 1] + (starts ? 1 : 0);
      positions[t] = starts ? 0 : positions[t - 1] + 1;
      tokenIds[t] = (7 * t) % 31;
    }
    return new TokenOrigins(tokenIds, documents, positions);
  }
}
