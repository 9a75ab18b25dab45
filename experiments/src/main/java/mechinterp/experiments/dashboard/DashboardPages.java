package mechinterp.experiments.dashboard;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.LatentFamily;
import mechinterp.analysis.Neighbour;
import mechinterp.analysis.explanation.LatentExplanation;
import mechinterp.analysis.layout.LatentMap;
import mechinterp.analysis.rule.DetectionScore;
import mechinterp.analysis.rule.RuleReport;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.RuleCard;
import mechinterp.experiments.run.FeatureCards;
import mechinterp.experiments.run.RuleCards;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.Tokenizer;

/** Makes pages of what an analysis found, some at a time. */
public final class DashboardPages implements LatentPages {
  private static final int NEIGHBOURS = 5;
  private static final int MOST_ABOUT = 4;

  /** Latents at once: their contexts share the rows that are encoded for them. */
  private static final int AT_ONCE = 2048;

  private final FeatureReport report;
  private final Tokenizer tokenizer;
  private final LatentMap map;
  private final int attributions;
  private final FeatureCards cards;
  private final RuleCards rules;
  private final Map<Integer, LatentExplanation> explanations = new HashMap<>();
  private final Map<Integer, List<LatentPage.Relative>> relatives = new HashMap<>();

  /**
   * Makes pages.
   *
   * @param documentName names the document of a number
   * @param explanations what a judge said, of some latents
   * @param map where latents lie
   * @param attributions of how many of a latent's strongest tokens a page shows from where
   *     attention brings what it reads, where the report knows; each is a run of the model
   */
  public DashboardPages(
      FeatureReport report,
      RuleReport rules,
      Transformer model,
      IntFunction<String> documentName,
      List<LatentExplanation> explanations,
      LatentMap map,
      int attributions) {
    this.report = report;
    this.tokenizer = model.tokenizer();
    this.map = map;
    this.attributions = attributions;
    this.cards = new FeatureCards(report, model, documentName);
    this.rules = new RuleCards(rules, model.tokenizer());
    explanations.forEach(each -> this.explanations.put(each.latent(), each));
    report.families(LatentFamily.Rule.defaults()).stream()
        .flatMap(family -> family.members().stream())
        .forEach(this::relate);
  }

  @Override
  public int latents() {
    return report.latents();
  }

  private void relate(LatentFamily.Member member) {
    relative(member.latent(), "parent", member.parent(), member);
    relative(member.parent(), "child", member.latent(), member);
  }

  private void relative(int of, String relation, int other, LatentFamily.Member member) {
    relatives
        .computeIfAbsent(of, _ -> new ArrayList<>())
        .add(
            new LatentPage.Relative(
                relation,
                other,
                LatentPage.rounded(member.implication()),
                LatentPage.rounded(member.cosine())));
  }

  @Override
  public Optional<LatentMap> map() {
    return Optional.of(map);
  }

  @Override
  public void forEach(Target target, IntConsumer progress) {
    for (int from = 0; from < report.latents(); from += AT_ONCE) {
      int to = Math.min(report.latents(), from + AT_ONCE);
      List<Integer> latents = IntStream.range(from, to).boxed().toList();
      List<FeatureCard> found = cards.of(latents);
      List<List<Neighbour>> encoder = report.encoderNeighbours(latents, NEIGHBOURS);
      for (int i = 0; i < found.size(); i++) {
        FeatureCard card = found.get(i);
        List<RuleCard> ofLatent =
            rules.of(card.latent()).stream().map(DashboardPages::rounded).toList();
        Optional<LatentPage.Judged> judged =
            Optional.ofNullable(explanations.get(card.latent())).map(LatentPage.Judged::of);
        target.take(row(card, ofLatent, judged), page(card, ofLatent, judged, encoder.get(i)));
        progress.accept(from + i + 1);
      }
    }
  }

  private static RuleCard rounded(RuleCard rule) {
    var score = rule.score();
    return new RuleCard(
        rule.kind(),
        rule.text(),
        new DetectionScore(
            LatentPage.rounded(score.auc()),
            LatentPage.rounded(score.precision()),
            LatentPage.rounded(score.recall()),
            LatentPage.rounded(score.f1()),
            score.activeTokens()));
  }

  private static Overview.Row row(
      FeatureCard card, List<RuleCard> rules, Optional<LatentPage.Judged> judged) {
    List<String> about = topTokens(card).limit(MOST_ABOUT).toList();
    Optional<RuleCard> ngrams = rules.stream().reduce((_, last) -> last);
    String search =
        Stream.of(
                topTokens(card),
                card.on().stream().map(FeatureCard.TokenLift::token),
                card.promoted().stream(),
                rules.stream().map(RuleCard::text),
                judged.stream().map(LatentPage.Judged::text))
            .flatMap(texts -> texts)
            .map(text -> text.toLowerCase(Locale.ROOT))
            .distinct()
            .collect(Collectors.joining(" "));
    return new Overview.Row(
        String.join(" ", about),
        LatentPage.rounded(card.density()),
        LatentPage.rounded(card.maxActivation()),
        LatentPage.rounded(card.meanActivation()),
        LatentPage.rounded(card.encoderDecoderCosine()),
        card.neighbours().isEmpty() ? 0 : LatentPage.rounded(card.neighbours().getFirst().cosine()),
        ngrams.map(rule -> rule.score().auc()).orElse(0.0),
        ngrams.map(rule -> rule.score().f1()).orElse(0.0),
        judged.map(LatentPage.Judged::text).orElse(""),
        judged.flatMap(LatentPage.Judged::detection).orElse(0.0),
        search);
  }

  private static Stream<String> topTokens(FeatureCard card) {
    return card.topTokens().stream().map(FeatureCard.TokenCount::token);
  }

  private LatentPage page(
      FeatureCard card,
      List<RuleCard> rules,
      Optional<LatentPage.Judged> judged,
      List<Neighbour> encoder) {
    List<LatentPage.Group> groups = new ArrayList<>();
    groups.add(group("strongest", card.contexts()));
    card.intervals().stream()
        .skip(1)
        .forEach(interval -> groups.add(group(title(interval), interval.contexts())));
    return new LatentPage(
        card.latent(),
        card.topTokens(),
        card.promoted(),
        card.suppressed(),
        card.neighbours().stream().map(near -> near(near.latent(), near.cosine())).toList(),
        encoder.stream().map(near -> near(near.latent(), near.cosine())).toList(),
        card.together().stream().map(DashboardPages::rounded).toList(),
        relatives.getOrDefault(card.latent(), List.of()),
        card.histogram(),
        card.histogramRange(),
        rounded(card.before()),
        rounded(card.on()),
        rounded(card.after()),
        rules,
        judged,
        attention(card.latent()),
        groups);
  }

  private List<AttentionSources> attention(int latent) {
    return report.hasAttributions()
        ? report.attributions(latent, attributions).stream()
            .map(peak -> AttentionSources.of(peak, tokenizer))
            .toList()
        : List.of();
  }

  private static LatentPage.Near near(int latent, double cosine) {
    return new LatentPage.Near(latent, LatentPage.rounded(cosine));
  }

  private static FeatureCard.Together rounded(FeatureCard.Together other) {
    return new FeatureCard.Together(
        other.latent(),
        LatentPage.rounded(other.share()),
        LatentPage.rounded(other.lift()),
        LatentPage.rounded(other.reverseShare()),
        other.token());
  }

  private static List<FeatureCard.TokenLift> rounded(List<FeatureCard.TokenLift> lifts) {
    return lifts.stream()
        .map(lift ->
            new FeatureCard.TokenLift(
                lift.token(), LatentPage.rounded(lift.share()), LatentPage.rounded(lift.lift())))
        .toList();
  }

  private static LatentPage.Group group(String title, List<FeatureCard.Context> contexts) {
    return new LatentPage.Group(title, contexts.stream().map(LatentPage.Context::of).toList());
  }

  private static String title(FeatureCard.Interval interval) {
    return String.format(
        Locale.ROOT,
        "%.3g to %.3g: a sample of %,d tokens",
        interval.from(),
        interval.to(),
        interval.activeTokens());
  }
}
