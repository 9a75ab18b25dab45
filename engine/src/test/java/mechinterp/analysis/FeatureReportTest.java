package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.Harvester;
import mechinterp.activation.TokenOrigins;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the report says beside statistics and peaks. */
final class FeatureReportTest {
  private static final int D_IN = 5;
  private static final int D_SAE = 13;
  private static final int TOKENS = 211;
  private static final List<Integer> ALL = IntStream.range(0, D_SAE).boxed().toList();

  private final Device device = CpuDevice.best(3);
  private final ActivationStore store = AnalysisSamples.randomStore(D_IN, TOKENS, 10, 7);
  private final Sae sae = AnalysisSamples.randomSae(device, D_IN, D_SAE, 3);
  private final FeatureAnalysisConfig config = new FeatureAnalysisConfig(4, 3, 2, 500, 3, 2, 17);
  private final FeatureReport report = FeatureAnalysis.of(sae).with(config).over(store);

  @AfterEach
  void close() {
    device.close();
  }

  private List<Integer> activeRows(int latent) {
    EncodedBatch batch = new EncodedBatch(sae, TOKENS);
    batch.encode(store, 0, TOKENS);
    return IntStream.range(0, TOKENS)
        .filter(row -> batch.activation(row, latent) > 0)
        .boxed()
        .toList();
  }

  private static long common(List<Integer> a, List<Integer> b) {
    return a.stream().filter(b::contains).count();
  }

  @Test
  void coOccurrenceIsExactWhereAllTokensAreSampled() {
    List<List<CoOccurrence>> found = report.coOccurrences(ALL, D_SAE);
    for (int i : ALL) {
      List<Integer> rows = activeRows(i);
      for (CoOccurrence other : found.get(i)) {
        List<Integer> others = activeRows(other.latent());
        double share = (double) common(rows, others) / rows.size();
        assertEquals(share, other.share(), 1e-12);
        assertEquals(share * TOKENS / others.size(), other.lift(), 1e-12);
        assertEquals((double) common(rows, others) / others.size(), other.reverseShare(), 1e-12);
      }
      long there = ALL.stream().filter(j -> j != i && common(rows, activeRows(j)) > 0).count();
      assertEquals(there, found.get(i).size());
      assertTrue(
          IntStream.range(1, found.get(i).size())
              .allMatch(at ->
                  found.get(i).get(at - 1).information() >= found.get(i).get(at).information()));
    }
  }

  @Test
  void tokensAreCountedBesideAndUnderTheActivations() {
    TokenOrigins origins = store.origins(0, TOKENS);
    for (int latent : ALL) {
      FeatureTokens tokens = report.tokens(latent, 100);
      List<Integer> rows = activeRows(latent);
      assertEquals(rows.size(), tokens.sampled());
      assertLifts(tokens.on(), rows.stream().map(origins::tokenId).toList());
      assertLifts(
          tokens.before(),
          rows.stream().filter(t -> t % 10 > 0).map(t -> origins.tokenId(t - 1)).toList());
      assertLifts(
          tokens.after(),
          rows.stream()
              .filter(t -> t % 10 < 9 && t + 1 < TOKENS)
              .map(t -> origins.tokenId(t + 1))
              .toList());
      assertTrue(report.tokens(latent, 2).on().size() <= 2);
    }
  }

  private void assertLifts(List<TokenLift> lifts, List<Integer> tokens) {
    TokenOrigins origins = store.origins(0, TOKENS);
    assertEquals(tokens.stream().distinct().count(), lifts.size());
    for (TokenLift lift : lifts) {
      long count = tokens.stream().filter(id -> id == lift.id()).count();
      long everywhere =
          IntStream.range(0, TOKENS).filter(t -> origins.tokenId(t) == lift.id()).count();
      assertEquals(count, lift.count());
      assertEquals((double) count / tokens.size(), lift.share(), 1e-12);
      assertEquals(lift.share() * TOKENS / everywhere, lift.lift(), 1e-9);
    }
  }

  @Test
  void nothingDependsOnBatchSizeThreadsOrGroups() {
    FeatureAnalysisConfig few = config.withSampledTokens(6);
    FeatureReport one = FeatureAnalysis.of(sae).with(few).over(store);
    for (int threads : new int[] {1, 2}) {
      try (Device other = CpuDevice.best(threads)) {
        Sae same = AnalysisSamples.randomSae(other, D_IN, D_SAE, 3);
        for (int batchSize : new int[] {1, 40, 1000}) {
          FeatureReport two =
              FeatureAnalysis.of(same).with(few.withBatchSize(batchSize)).over(store);
          assertSame(one, two);
        }
      }
    }
  }

  private static void assertSame(FeatureReport one, FeatureReport two) {
    assertEquals(one.coOccurrences(ALL, 4), two.coOccurrences(ALL, 4));
    assertEquals(one.families(anything()), two.families(anything()));
    for (int latent : ALL) {
      assertEquals(one.profile(latent), two.profile(latent));
      assertEquals(one.intervals(latent), two.intervals(latent));
      assertEquals(one.tokens(latent, 9), two.tokens(latent, 9));
      assertEquals(one.contexts(latent), two.contexts(latent));
    }
    assertEquals(one.coOccurrences(List.of(7), 4).getFirst(), two.coOccurrences(ALL, 4).get(7));
  }

  private static LatentFamily.Rule anything() {
    return new LatentFamily.Rule(0, 0, -1);
  }

  @Test
  void contextsOfManyPlacesAreThoseOfEach() {
    List<LatentPeak> places = new ArrayList<>();
    List<FeatureContext> expected = new ArrayList<>();
    for (int latent : ALL.reversed()) {
      report.peaks(latent).forEach(peak -> places.add(new LatentPeak(latent, peak)));
      expected.addAll(report.contexts(latent));
    }
    assertEquals(expected, report.contexts(places));
  }

  @Test
  void intervalsPartTheActiveTokens() {
    for (int latent : ALL) {
      List<ActivationInterval> intervals = report.intervals(latent);
      assertEquals(
          report.profile(latent).activeTokens(),
          intervals.stream().mapToLong(ActivationInterval::activeTokens).sum());
      for (ActivationInterval interval : intervals) {
        assertEquals(
            Math.min(2, interval.activeTokens()), interval.samples().size(), "latent " + latent);
        for (Peak peak : interval.samples()) {
          assertTrue(peak.activation() >= interval.from() && peak.activation() < interval.to());
          assertEquals(peak.row() / 10, peak.document());
        }
      }
    }
  }

  @Test
  void encoderNeighboursHaveTheLargestCosinesOfTheEncodersRows() {
    float[] encoder = device.toHost(sae.weights().wEnc());
    List<Neighbour> found = report.encoderNeighbours(List.of(6), 3).getFirst();
    List<Integer> expected =
        ALL.stream()
            .filter(f -> f != 6)
            .sorted(Comparator.comparingDouble((Integer f) -> -cosine(encoder, 6, f)))
            .limit(3)
            .toList();
    assertEquals(expected, found.stream().map(Neighbour::latent).toList());
    float[] decoder = device.toHost(sae.weights().wDec());
    float[] pairs = new DecoderGeometry(sae).cosines(List.of(1, 4), List.of(2, 4));
    assertEquals(cosine(decoder, 1, 2), pairs[0], 1e-6);
    assertEquals(1, pairs[1], 1e-6);
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

  /** Latent 0 is active on half of the tokens, 2 on some of these, 4 on some of those, 6 apart. */
  @Test
  void familiesGoFromTheRareToTheFrequent() {
    int tokens = 40;
    float[] x = new float[4 * tokens];
    for (int t = 0; t < tokens; t++) {
      x[4 * t] = t < 16 ? 1 : 0;
      x[4 * t + 1] = t < 8 ? 1 : 0;
      x[4 * t + 2] = t < 4 ? 1 : 0;
      x[4 * t + 3] = t % 5 == 0 ? 1 : 0;
    }
    TopKSae columns = AnalysisSamples.columns(device, 4);
    float[] decoder = new float[8 * 4];
    decoder[0] = 1;
    decoder[2 * 4] = 1;
    decoder[2 * 4 + 1] = 1;
    decoder[4 * 4 + 1] = 1;
    decoder[4 * 4 + 2] = 0.5f;
    decoder[6 * 4 + 3] = 1;
    device.upload(columns.weights().wDec(), decoder, 0);
    columns.weightsChanged();
    FeatureReport nested =
        FeatureAnalysis.of(columns)
            .over(
                ActivationStore.inMemory(
                    4,
                    x,
                    new TokenOrigins(new int[tokens], new int[tokens], new int[tokens]),
                    AnalysisSamples.IDENTITY));

    List<LatentFamily> families = nested.families(LatentFamily.Rule.defaults());

    assertEquals(1, families.size());
    LatentFamily family = families.getFirst();
    assertEquals(0, family.root());
    assertEquals(
        Map.of(2, 0, 4, 2),
        Map.of(
            family.members().get(0).latent(),
            family.members().get(0).parent(),
            family.members().get(1).latent(),
            family.members().get(1).parent()));
    assertEquals(Math.sqrt(0.5), family.members().getFirst().cosine(), 1e-6);
    assertEquals(1, family.members().getFirst().implication());
    assertEquals(List.of(1, 3, 5, 7), nested.dead());
    assertEquals(List.of(0, 2), nested.dense(0.2).subList(0, 2));
    assertThrows(IllegalArgumentException.class, () -> new LatentFamily.Rule(2, 2, 0));
  }

  @Test
  void ofAModelTextIsGoneThroughAndEffectsAreInLogits() throws IOException {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    HookPoint site = HookPoint.residPost(1);
    TopKSae columns = AnalysisSamples.columns(device, 10);
    Corpus corpus =
        Corpus.of("text", List.of(new Document("a", "the cat sat"), new Document("b", "a dog")));
    FeatureAnalysis analysis = FeatureAnalysis.of(model, site, columns);
    FeatureReport ofText = analysis.over(corpus, 100);
    ActivationStore harvested = Harvester.of(model, site).collect(corpus, 100);
    FeatureReport ofStore = analysis.over(harvested);

    assertEquals(ofStore.profile(3), ofText.profile(3));
    assertTrue(ofText.hasLogitEffects());
    assertFalse(report.hasLogitEffects());
    assertThrows(IllegalStateException.class, () -> report.logitEffects(List.of(0), 1));
    assertThrows(IllegalStateException.class, () -> FeatureAnalysis.of(columns).over(corpus, 9));
    LogitEffect.TokenEffect top =
        ofText.logitEffects(List.of(2), 1).getFirst().promoted().getFirst();
    assertEffect(model, harvested, columns, top);
    assertEquals(
        "activations in memory: hook is \"hook\"; expected \"blocks.1.hook_resid_post\"",
        assertThrows(
                IllegalArgumentException.class,
                () -> FeatureAnalysis.of(model, site, sized(D_IN * 2)).over(wide()))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> FeatureAnalysis.of(model, site, sae));
  }

  private Sae sized(int dIn) {
    return AnalysisSamples.randomSae(device, dIn, 12, 2);
  }

  private static ActivationStore wide() {
    return AnalysisSamples.randomStore(2 * D_IN, 20, 5, 3);
  }

  /** With the norm's scale held, a step along the direction moves the logit by the effect. */
  private void assertEffect(
      Transformer model, ActivationStore harvested, Sae columns, LogitEffect.TokenEffect top) {
    TokenBatch batch = FinalScale.firstTokens(harvested, model, 100);
    double mean = 0;
    for (int token = 0; token < batch.tokens(); token++) {
      int at = token;
      float[] clean = logits(model, batch, _ -> {}, at);
      float[] moved =
          logits(
              model,
              batch,
              x -> device.kernels().addRow(x, x, columns.weights().wDec().row(2), 1),
              at);
      mean += (moved[top.id()] - clean[top.id()]) / (double) batch.tokens();
    }
    assertEquals(mean, top.effect(), 1e-4);
  }

  private float[] logits(
      Transformer model, TokenBatch batch, Consumer<FloatMatrix> change, int token) {
    float[] scales =
        device.toHost(model.run(batch, Set.of(FinalScale.HOOK), Map.of()).at(FinalScale.HOOK));
    FloatMatrix hidden =
        model
            .run(
                batch,
                Set.of(),
                Map.of(
                    HookPoint.residPost(1),
                    (x, _) -> change.accept(x),
                    FinalScale.HOOK,
                    (scale, _) -> device.upload(scale, scales, 0)))
            .output();
    return device.toHost(model.logits(hidden.row(token)));
  }
}
