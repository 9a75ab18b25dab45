package mechinterp.experiments.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import mechinterp.analysis.ActivationHistogram;
import mechinterp.analysis.FeatureContext;
import mechinterp.analysis.FeatureInterest;
import mechinterp.analysis.FeatureRanking;
import mechinterp.analysis.FeatureReport;
import mechinterp.analysis.LatentProfile;
import mechinterp.analysis.Neighbour;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.TokenText;
import mechinterp.tokenizer.Tokenizer;

/** Makes cards of latents, with tokens as text. */
public final class FeatureCards {
  private static final int NEIGHBOURS = 5;
  private static final int MOST_TOP_TOKENS = 8;

  /** From this share on the contexts of a latent are said to be about one token. */
  private static final double ONE_TOKEN_SHARE = 0.7;

  private final FeatureReport report;
  private final FeatureRanking ranking;
  private final Tokenizer tokenizer;
  private final IntFunction<String> documentName;

  /**
   * Makes cards from a report.
   *
   * @param tokenizer that of the model whose activations were analysed
   * @param documentName names the document of a number
   */
  public FeatureCards(FeatureReport report, Tokenizer tokenizer, IntFunction<String> documentName) {
    this.report = report;
    this.ranking = new FeatureRanking(report);
    this.tokenizer = tokenizer;
    this.documentName = documentName;
  }

  /**
   * Returns cards of latents worth looking at: two thirds of those whose contexts agree on several
   * tokens, one third of those that are about a single one; best first in each group.
   */
  public List<FeatureCard> best(int count) {
    int single = count / 3;
    Stream<FeatureInterest> several =
        ranking.best(count - single, feature -> feature.topTokenShare() < ONE_TOKEN_SHARE).stream();
    Stream<FeatureInterest> one =
        ranking.best(single, feature -> feature.topTokenShare() >= ONE_TOKEN_SHARE).stream();
    return of(Stream.concat(several, one).map(FeatureInterest::latent).toList());
  }

  /**
   * Returns the cards of latents.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public List<FeatureCard> of(List<Integer> latents) {
    List<List<Neighbour>> neighbours = report.neighbours(latents, NEIGHBOURS);
    List<FeatureCard> cards = new ArrayList<>();
    for (int i = 0; i < latents.size(); i++) {
      cards.add(card(latents.get(i), neighbours.get(i)));
    }
    return cards;
  }

  private FeatureCard card(int latent, List<Neighbour> neighbours) {
    LatentProfile profile = report.profile(latent);
    ActivationHistogram histogram = report.histogram(latent);
    return new FeatureCard(
        latent,
        profile.activeTokens(),
        profile.density(),
        profile.meanActivation(),
        profile.maxActivation(),
        profile.encoderDecoderCosine(),
        topTokens(latent),
        neighbours.stream().map(this::neighbour).toList(),
        histogram.counts(),
        describeRange(histogram),
        report.contexts(latent).stream().map(this::context).toList());
  }

  private List<FeatureCard.TokenCount> topTokens(int latent) {
    return peakTokens(latent)
        .map(token ->
            new FeatureCard.TokenCount(TokenText.of(tokenizer.token(token.id())), token.count()))
        .limit(MOST_TOP_TOKENS)
        .toList();
  }

  private Stream<FeatureInterest.TokenCount> peakTokens(int latent) {
    return report.peaks(latent).isEmpty()
        ? Stream.empty()
        : ranking.interest(latent).peakTokens().stream();
  }

  private FeatureCard.Neighbour neighbour(Neighbour neighbour) {
    String token =
        peakTokens(neighbour.latent())
            .findFirst()
            .map(top -> TokenText.of(tokenizer.token(top.id())))
            .orElse("");
    return new FeatureCard.Neighbour(neighbour.latent(), neighbour.cosine(), token);
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
    List<FeatureCard.ContextToken> tokens = new ArrayList<>();
    String before = "";
    for (FeatureContext.ContextToken token : context.tokens()) {
      String spelled = tokenizer.token(token.id());
      tokens.add(
          new FeatureCard.ContextToken(
              TokenText.of(spelled),
              TokenText.isSpaceBetween(before, spelled),
              token.activation()));
      before = spelled;
    }
    return new FeatureCard.Context(tokens, context.peak(), documentName.apply(context.document()));
  }
}
