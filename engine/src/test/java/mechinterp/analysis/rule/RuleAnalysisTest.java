package mechinterp.analysis.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Latent i is active where column i of the activation is 1. */
final class RuleAnalysisTest {
  private static final int TOKENS = 3000;
  private static final int LENGTH = 30;
  private static final int VOCABULARY = 11;
  private static final int LATENTS = 5;

  private final Device device = CpuDevice.scalar();
  private final int[] ids = new int[TOKENS];
  private final List<BiPredicate<Integer, RandomStream>> firing =
      List.of(
          (t, _) -> ids[t] == 3 || ids[t] == 7,
          (t, _) -> t % LENGTH > 0 && ids[t] == 3 && ids[t - 1] == 5,
          (t, _) -> ids[t] == 2 && !(t % LENGTH > 0 && ids[t - 1] == 4),
          (t, random) -> random.uniform(TOKENS + t) < 0.2,
          (_, _) -> false);
  private final ActivationStore store = store();

  @AfterEach
  void close() {
    device.close();
  }

  private ActivationStore store() {
    int[] documents = new int[TOKENS];
    int[] positions = new int[TOKENS];
    RandomStream random = RandomStream.of(2, "tokens");
    for (int t = 0; t < TOKENS; t++) {
      ids[t] = random.below(t, VOCABULARY);
      documents[t] = t / LENGTH;
      positions[t] = t % LENGTH;
    }
    float[] x = new float[TOKENS * LATENTS];
    for (int i = 0; i < x.length; i++) {
      x[i] = firing.get(i % LATENTS).test(i / LATENTS, random) ? 1 : 0;
    }
    return ActivationStore.inMemory(
        LATENTS,
        x,
        new TokenOrigins(ids, documents, positions),
        new ActivationIdentity("model", "hook", "tokenizer", "text"));
  }

  private static Sae identity(Device on) {
    TopKSae sae = TopKSae.allocate(on, new TopKConfig(LATENTS, LATENTS, LATENTS));
    float[] unit = new float[LATENTS * LATENTS];
    for (int i = 0; i < LATENTS; i++) {
      unit[i * LATENTS + i] = 1;
    }
    on.upload(sae.weights().wEnc(), unit, 0);
    on.upload(sae.weights().wDec(), unit, 0);
    sae.weightsChanged();
    return sae;
  }

  private RuleReport report(RuleConfig config) {
    return RuleAnalysis.of(identity(device)).with(config).over(store);
  }

  private static DetectedRule rule(RuleReport report, int latent, RuleKind kind) {
    Optional<DetectedRule> rule = report.rule(latent, kind);
    assertTrue(rule.isPresent());
    return rule.get();
  }

  private static List<List<Integer>> firing(Rule rule) {
    return rule.patterns().stream().filter(RulePattern::fires).map(RulePattern::tokens).toList();
  }

  @Test
  void aSetOfTokensIsFoundExactly() {
    for (RuleKind kind : RuleKind.values()) {
      DetectedRule found = rule(report(RuleConfig.defaults().withSampledTokens(TOKENS)), 0, kind);

      assertEquals(2, found.rule().patterns().size(), found.toString());
      assertTrue(firing(found.rule()).containsAll(List.of(List.of(3), List.of(7))));
      assertEquals(1, found.score().auc(), 1e-12);
      assertEquals(1, found.score().f1(), 1e-12);
      assertEquals(1, found.score().precision(), 1e-12);
      assertEquals(1, found.score().recall(), 1e-12);
    }
  }

  @Test
  void aBigramNeedsTheRuleOfNgrams() {
    RuleReport report = report(RuleConfig.defaults().withSampledTokens(TOKENS));
    DetectedRule tokens = rule(report, 1, RuleKind.TOKENS);
    DetectedRule ngrams = rule(report, 1, RuleKind.NGRAMS);

    assertEquals(List.of(List.of(3)), firing(tokens.rule()));
    assertTrue(tokens.score().precision() < 0.3, tokens.toString());
    assertEquals(1, tokens.score().recall(), 1e-12);
    assertEquals(List.of(List.of(5, 3)), firing(ngrams.rule()));
    assertEquals(1, ngrams.score().f1(), 1e-12);
    assertEquals(1, ngrams.score().auc(), 1e-12);
  }

  /** There is no positive sample of the exception, so it is not tried: the set rule is best. */
  @Test
  void whatNeverFiresIsNoPattern() {
    DetectedRule ngrams = rule(report(RuleConfig.defaults()), 2, RuleKind.NGRAMS);

    assertTrue(ngrams.score().recall() > 0.95, ngrams.toString());
    assertTrue(ngrams.score().auc() > 0.95, ngrams.toString());
  }

  @Test
  void whatFiresAtRandomHasNoRule() {
    for (RuleKind kind : RuleKind.values()) {
      DetectionScore score = rule(report(RuleConfig.defaults()), 3, kind).score();
      assertEquals(0.5, score.auc(), 0.08, kind.toString());
    }
    assertEquals(Optional.empty(), report(RuleConfig.defaults()).rule(4, RuleKind.TOKENS));
  }

  /** Counts every token of the other half by hand. */
  @Test
  void scoresAreThoseOfTheRuleOnTheOtherHalf() {
    RuleReport report = report(RuleConfig.defaults().withSampledTokens(TOKENS));
    for (int latent = 0; latent < 4; latent++) {
      for (RuleKind kind : RuleKind.values()) {
        DetectedRule found = rule(report, latent, kind);
        long hits = 0;
        long fired = 0;
        long active = 0;
        for (int t = 0; t < TOKENS; t++) {
          if (Half.of(0, t / LENGTH) == Half.SCORED_ON) {
            int[] document = Arrays.copyOfRange(ids, t - t % LENGTH, t + 1);
            boolean says = found.rule().fires(document, t % LENGTH);
            boolean is = firing.get(latent).test(t, RandomStream.of(2, "tokens"));
            hits += says && is ? 1 : 0;
            fired += says ? 1 : 0;
            active += is ? 1 : 0;
          }
        }
        assertEquals(active, found.score().activeTokens());
        assertEquals(fired == 0 ? 0 : (double) hits / fired, found.score().precision(), 1e-9);
        assertEquals((double) hits / active, found.score().recall(), 1e-9);
        assertEquals(fired == 0 ? 0 : 2.0 * hits / (fired + active), found.score().f1(), 1e-9);
      }
    }
  }

  @Test
  void theAreaIsTheChanceOfTheRightOrder() {
    Leaves leaves = new Leaves(new double[] {4, 10, 6, 20}, new double[] {3, 5, 0, 2});
    double[] scores = {0.9, 0.4, 0.4, 0};
    double expected = 0;
    double[] active = {3, 5, 0, 2};
    double[] others = {1, 5, 6, 18};
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 4; j++) {
        double right = scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
        expected += active[i] * others[j] * right / (10 * 30);
      }
    }
    assertEquals(expected, leaves.score(scores, new boolean[4], 10).auc(), 1e-12);
  }

  @Test
  void nothingDependsOnBatchSizeOrThreads() {
    RuleConfig few = RuleConfig.defaults().withSampledTokens(20);
    RuleReport one = report(few);
    try (Device other = CpuDevice.best(3)) {
      RuleReport two = RuleAnalysis.of(identity(other)).with(few.withBatchSize(7)).over(store);
      for (int latent = 0; latent < LATENTS; latent++) {
        for (RuleKind kind : RuleKind.values()) {
          assertEquals(one.rule(latent, kind), two.rule(latent, kind));
        }
      }
    }
  }

  @Test
  void aSampleGivesNearlyTheScoresOfAll() {
    DetectionScore all =
        rule(report(RuleConfig.defaults().withSampledTokens(TOKENS)), 0, RuleKind.TOKENS).score();
    DetectionScore some =
        rule(report(RuleConfig.defaults().withSampledTokens(60)), 0, RuleKind.TOKENS).score();
    assertEquals(all.auc(), some.auc(), 0.02);
    assertEquals(all.f1(), some.f1(), 0.02);
  }

  @Test
  void summariesAreMeansOverLatentsThatFire() {
    RuleReport report = report(RuleConfig.defaults());
    RuleSummary summary = report.summary(RuleKind.TOKENS, 1);
    double sum = 0;
    for (int latent = 0; latent < 4; latent++) {
      sum += rule(report, latent, RuleKind.TOKENS).score().auc();
    }
    assertEquals(4, summary.latents());
    assertEquals(sum / 4, summary.auc(), 1e-12);
    assertEquals(0, report.summary(RuleKind.TOKENS, TOKENS).latents());
    assertTrue(Double.isNaN(report.summary(RuleKind.TOKENS, TOKENS).auc()));
  }

  @Test
  void longerPatternsDecide() {
    Rule rule =
        new Rule(
            List.of(
                new RulePattern(List.of(3), true, 0.9),
                new RulePattern(List.of(1, 2, 3), true, 0.9),
                new RulePattern(List.of(2, 3), false, 0.1)));
    assertTrue(rule.fires(new int[] {3}, 0));
    assertFalse(rule.fires(new int[] {2, 3}, 1));
    assertTrue(rule.fires(new int[] {1, 2, 3}, 2));
    assertFalse(rule.fires(new int[] {3, 4}, 1));
  }

  @Test
  void whatHasNoHalvesIsRefused() {
    ActivationStore one =
        ActivationStore.inMemory(
            LATENTS,
            new float[LATENTS],
            new TokenOrigins(new int[1], new int[1], new int[1]),
            new ActivationIdentity("model", "hook", "tokenizer", "text"));
    assertEquals(
        "rules: all documents of activations in memory are in one half; there must be more"
            + " documents",
        assertThrows(
                IllegalArgumentException.class, () -> RuleAnalysis.of(identity(device)).over(one))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> RuleConfig.defaults().withSampledTokens(0));
    assertThrows(
        IllegalArgumentException.class,
        () -> report(RuleConfig.defaults()).rule(LATENTS, RuleKind.TOKENS));
  }
}
