package mechinterp.experiments.dashboard;

import java.util.ArrayList;
import java.util.List;
import mechinterp.analysis.AttributedPeak;
import mechinterp.analysis.DirectFeatureAttribution;
import mechinterp.experiments.report.TokenText;
import mechinterp.experiments.run.AttributionCard;
import mechinterp.tokenizer.Tokenizer;

/**
 * From where attention brings what a latent reads on one of its tokens, short enough for a page:
 *
 * <pre>  pre_activation = sum of values + earlier + constant</pre>
 *
 * @param tokens the text that ends with the token, as it is written, with the space before
 * @param values what all heads bring from each of them
 * @param earlier what they bring from the tokens before these
 * @param before how many tokens these are
 * @param constant the part that no token brings
 * @param preActivation of the latent
 * @param heads what each head brings, the largest first
 * @param largest the largest contributions of a head and a source token
 */
record AttentionSources(
    List<String> tokens,
    List<Double> values,
    double earlier,
    int before,
    double constant,
    double preActivation,
    List<AttributionCard.Head> heads,
    List<AttributionCard.Source> largest) {
  private static final int MOST_TOKENS = 48;

  static AttentionSources of(AttributedPeak peak, Tokenizer tokenizer) {
    DirectFeatureAttribution found = peak.attribution();
    AttributionCard.Attributed parts = AttributionCard.Attributed.of(peak, tokenizer);
    int first = Math.max(0, found.sources() - MOST_TOKENS);
    double earlier = 0;
    List<Double> values = new ArrayList<>();
    for (int source = 0; source < found.sources(); source++) {
      if (source < first) {
        earlier += found.ofSource(source);
      } else {
        values.add(LatentPage.rounded(found.ofSource(source)));
      }
    }
    List<String> tokens =
        TokenText.pieces(tokenizer, peak.ids()).stream()
            .skip(first)
            .map(piece -> piece.spaceBefore() ? " " + piece.text() : piece.text())
            .toList();
    return new AttentionSources(
        tokens,
        values,
        LatentPage.rounded(earlier),
        first,
        LatentPage.rounded(parts.constant()),
        LatentPage.rounded(parts.preActivation()),
        parts.heads().stream().map(AttentionSources::rounded).toList(),
        parts.largest().stream().map(AttentionSources::rounded).toList());
  }

  private static AttributionCard.Head rounded(AttributionCard.Head head) {
    return new AttributionCard.Head(head.head(), LatentPage.rounded(head.value()));
  }

  private static AttributionCard.Source rounded(AttributionCard.Source source) {
    return new AttributionCard.Source(
        source.head(), source.token(), source.back(), LatentPage.rounded(source.value()));
  }
}
