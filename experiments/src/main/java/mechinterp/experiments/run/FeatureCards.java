package mechinterp.experiments.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.analysis.ActivationHistogram;
import mechinterp.analysis.ActivationInterval;
import mechinterp.analysis.CoOccurrence;
import mechinterp.analysis.FeatureContext;
import mechinterp.analysis.FeatureInterest;
import mechinterp.analysis.FeatureRanking;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.FeatureTokens;
import mechinterp.analysis.LatentPeak;
import mechinterp.analysis.LatentProfile;
import mechinterp.analysis.LogitEffect;
import mechinterp.analysis.Neighbour;
import mechinterp.analysis.TokenLift;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.TokenText;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.Tokenizer;

/** Makes cards of latents, with tokens as text. */
public final class FeatureCards {
  private static final int NEIGHBOURS = 5;
  private static final int EFFECTS = 6;
  private static final int MOST_TOP_TOKENS = 8;
  private static final int MOST_LIFTS = 6;
  private static final int TOGETHER = 5;

  /** From this share on the contexts of a latent are said to be about one token. */
  private static final double ONE_TOKEN_SHARE = 0.7;

  private final FeatureReport report;
  private final FeatureRanking ranking;
  private final Transformer model;
  private final Tokenizer tokenizer;
  private final IntFunction<String> documentName;
  private final Map<Integer, String> topTokenOf = new HashMap<>();

  /**
   * Makes cards from a report.
   *
   * @param model whose activations were analysed
   * @param documentName names the document of a number
   */
  public FeatureCards(FeatureReport report, Transformer model, IntFunction<String> documentName) {
    this.report = report;
    this.ranking = new FeatureRanking(report);
    this.model = model;
    this.tokenizer = model.tokenizer();
    this.documentName = documentName;
  }

  /**
   * Returns latents worth looking at: two thirds of those whose contexts agree on several tokens,
   * one third of those that are about a single one; best first in each group.
   */
  public List<Integer> bestLatents(int count) {
    int single = count / 3;
    Stream<FeatureInterest> several =
        ranking.best(count - single, feature -> feature.topTokenShare() < ONE_TOKEN_SHARE).stream();
    Stream<FeatureInterest> one =
        ranking.best(single, feature -> feature.topTokenShare() >= ONE_TOKEN_SHARE).stream();
    return Stream.concat(several, one).map(FeatureInterest::latent).toList();
  }

  /** Returns cards of the {@link #bestLatents}. */
  public List<FeatureCard> best(int count) {
    return of(bestLatents(count));
  }

  /**
   * Returns the cards of latents.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public List<FeatureCard> of(List<Integer> latents) {
    List<List<Neighbour>> neighbours = report.neighbours(latents, NEIGHBOURS);
    List<LogitEffect> effects = effects(latents);
    List<List<CoOccurrence>> together = report.coOccurrences(latents, TOGETHER);
    Iterator<FeatureCard.Context> contexts = contexts(latents);
    List<FeatureCard> cards = new ArrayList<>();
    for (int i = 0; i < latents.size(); i++) {
      cards.add(card(latents.get(i), effects.get(i), neighbours.get(i), together.get(i), contexts));
    }
    return cards;
  }

  /** Returns the contexts of all peaks and samples in the order in which cards show them. */
  private Iterator<FeatureCard.Context> contexts(List<Integer> latents) {
    List<LatentPeak> places = new ArrayList<>();
    for (int latent : latents) {
      report.peaks(latent).forEach(peak -> places.add(new LatentPeak(latent, peak)));
      report
          .intervals(latent)
          .forEach(interval ->
              interval.samples().forEach(peak -> places.add(new LatentPeak(latent, peak))));
    }
    return report.contexts(places).stream().map(this::context).iterator();
  }

  private static List<FeatureCard.Context> take(Iterator<FeatureCard.Context> contexts, int count) {
    return IntStream.range(0, count).mapToObj(_ -> contexts.next()).toList();
  }

  /** Decoder rows move the logits of a language model when they lie in its residual stream. */
  private List<LogitEffect> effects(List<Integer> latents) {
    boolean predicts = model.config().unembed().isPresent();
    if (report.hasLogitEffects()) {
      return report.logitEffects(latents, EFFECTS);
    }
    return predicts && report.dOut() == model.config().dModel()
        ? report.logitEffects(model, latents, EFFECTS)
        : Collections.nCopies(latents.size(), new LogitEffect(List.of(), List.of()));
  }

  private List<String> tokens(List<LogitEffect.TokenEffect> effects) {
    return effects.stream().map(effect -> TokenText.of(tokenizer, effect.id())).toList();
  }

  private FeatureCard card(
      int latent,
      LogitEffect effect,
      List<Neighbour> neighbours,
      List<CoOccurrence> together,
      Iterator<FeatureCard.Context> contexts) {
    LatentProfile profile = report.profile(latent);
    FeatureTokens beside = report.tokens(latent, MOST_LIFTS);
    ActivationHistogram histogram = report.histogram(latent);
    return new FeatureCard(
        latent,
        profile.activeTokens(),
        profile.density(),
        profile.meanActivation(),
        profile.maxActivation(),
        profile.encoderDecoderCosine(),
        topTokens(latent),
        tokens(effect.promoted()),
        tokens(effect.suppressed()),
        neighbours.stream().map(this::neighbour).toList(),
        histogram.counts(),
        describeRange(histogram),
        take(contexts, report.peaks(latent).size()),
        report.intervals(latent).stream().map(each -> interval(each, contexts)).toList(),
        lifts(beside.before()),
        lifts(beside.on()),
        lifts(beside.after()),
        together.stream().map(this::together).toList());
  }

  private List<FeatureCard.TokenLift> lifts(List<TokenLift> lifts) {
    return lifts.stream()
        .map(lift ->
            new FeatureCard.TokenLift(
                TokenText.of(tokenizer, lift.id()), lift.share(), lift.lift()))
        .toList();
  }

  private FeatureCard.Together together(CoOccurrence other) {
    return new FeatureCard.Together(
        other.latent(),
        other.share(),
        other.lift(),
        other.reverseShare(),
        topToken(other.latent()));
  }

  private static FeatureCard.Interval interval(
      ActivationInterval interval, Iterator<FeatureCard.Context> contexts) {
    return new FeatureCard.Interval(
        interval.from(),
        interval.to(),
        interval.activeTokens(),
        take(contexts, interval.samples().size()));
  }

  private List<FeatureCard.TokenCount> topTokens(int latent) {
    return peakTokens(latent)
        .map(
            token -> new FeatureCard.TokenCount(TokenText.of(tokenizer, token.id()), token.count()))
        .limit(MOST_TOP_TOKENS)
        .toList();
  }

  private Stream<FeatureInterest.TokenCount> peakTokens(int latent) {
    return report.peaks(latent).isEmpty()
        ? Stream.empty()
        : ranking.interest(latent).peakTokens().stream();
  }

  private FeatureCard.Neighbour neighbour(Neighbour neighbour) {
    return new FeatureCard.Neighbour(
        neighbour.latent(), neighbour.cosine(), topToken(neighbour.latent()));
  }

  private String topToken(int latent) {
    return topTokenOf.computeIfAbsent(
        latent,
        _ ->
            peakTokens(latent)
                .findFirst()
                .map(top -> TokenText.of(tokenizer, top.id()))
                .orElse(""));
  }

  private static String describeRange(ActivationHistogram histogram) {
    return histogram.counts().isEmpty()
        ? "never active"
        : String.format(
            Locale.ROOT,
            "%.2g to %.2g, each bar √2 times the one before",
            histogram.lowerEdge(0),
            histogram.lowerEdge(histogram.counts().size()));
  }

  private FeatureCard.Context context(FeatureContext context) {
    List<TokenText.Piece> pieces =
        TokenText.pieces(
            tokenizer, context.tokens().stream().map(FeatureContext.ContextToken::id).toList());
    List<FeatureCard.ContextToken> tokens = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      tokens.add(
          new FeatureCard.ContextToken(
              pieces.get(i).text(),
              pieces.get(i).spaceBefore(),
              context.tokens().get(i).activation()));
    }
    return new FeatureCard.Context(tokens, context.peak(), documentName.apply(context.document()));
  }
}
