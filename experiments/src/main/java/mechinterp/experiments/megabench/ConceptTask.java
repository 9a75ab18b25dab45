package mechinterp.experiments.megabench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.analysis.rule.DetectedRule;
import mechinterp.analysis.rule.RuleAnalysis;
import mechinterp.analysis.rule.RuleKind;
import mechinterp.analysis.rule.RuleReport;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.Probes;
import mechinterp.experiments.data.TokenDetection;
import mechinterp.megabench.Metric;
import mechinterp.sae.Sae;

/** What latents tell of texts: tokens, subjects, languages; and what tells of latents: rules. */
final class ConceptTask implements AutoCloseable {
  private static final List<Integer> OF_SUBJECTS = List.of(1, 2, 5, 16);
  private static final List<Integer> OF_LANGUAGE = List.of(1, 2, 5, 16);

  private final ModelParts parts;
  private final TokenDetection tokens;
  private final Probes subjects;
  private final Probes language;
  private Optional<List<Probes.Answers>> ceiling = Optional.empty();

  private ConceptTask(ModelParts parts, TokenDetection tokens, Probes subjects, Probes language) {
    this.parts = parts;
    this.tokens = tokens;
    this.subjects = subjects;
    this.language = language;
  }

  /** Makes the activations of the labelled texts, or opens those that are there. */
  static ConceptTask of(ModelParts parts) throws IOException {
    ModelData data = parts.data();
    long seed = data.text().seed();
    return new ConceptTask(
        parts,
        TokenDetection.ofFrequent(parts.training(), data.frequentTokens()),
        Probes.of(data.probedEntries(), seed, corpus -> parts.harvested("probes", corpus)),
        Probes.ofLanguage(
            data.probedEntries(), seed, corpus -> parts.harvested("languages", corpus)));
  }

  /**
   * Measures.
   *
   * @param isRaw whether it is the activations themselves, which have the ceiling beside them
   */
  void measure(Readings readings, Sae sae, boolean isRaw) {
    TokenDetection.Scores scores = tokens.scores(sae, parts.validation(), parts.test());
    readings.putMean(Metric.TOKEN_F1, doubles(scores.token()));
    readings.putMean(Metric.PREVIOUS_TOKEN_F1, doubles(scores.previousToken()));
    putProbes(readings, "PROBE_", subjects.right(sae, OF_SUBJECTS));
    putProbes(readings, "LANGUAGE_", language.right(sae, OF_LANGUAGE));
    if (isRaw) {
      List<Probes.Answers> answers = ceiling.orElseGet(subjects::rightOfActivations);
      ceiling = Optional.of(answers);
      readings.putMean(Metric.PROBE_ALL, shares(answers));
    }
    putRules(readings, RuleAnalysis.of(sae).over(parts.test()));
  }

  private static void putProbes(
      Readings readings, String name, Map<Integer, List<Probes.Answers>> byLatents) {
    byLatents.forEach((k, answers) -> readings.putMean(Metric.valueOf(name + k), shares(answers)));
  }

  private static double[] shares(List<Probes.Answers> bySubject) {
    List<Double> right = new ArrayList<>();
    for (Probes.Answers answers : bySubject) {
      for (int text = 0; text < answers.texts(); text++) {
        right.add(answers.right().get(text) ? 1.0 : 0.0);
      }
    }
    return doubles(right);
  }

  private static void putRules(Readings readings, RuleReport report) {
    readings.putMean(Metric.TOKEN_RULE_AUC, auc(report, RuleKind.TOKENS));
    readings.putMean(Metric.NGRAM_RULE_AUC, auc(report, RuleKind.NGRAMS));
  }

  private static double[] auc(RuleReport report, RuleKind kind) {
    double[] auc = new double[report.latents()];
    for (int latent = 0; latent < auc.length; latent++) {
      Optional<DetectedRule> rule = report.rule(latent, kind);
      auc[latent] = rule.map(found -> found.score().auc()).orElse(Double.NaN);
    }
    return auc;
  }

  private static double[] doubles(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  @Override
  public void close() {
    subjects.close();
    language.close();
  }
}
