package mechinterp.experiments.run;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.analysis.AttributedPeak;
import mechinterp.analysis.DirectFeatureAttribution;
import mechinterp.analysis.FeatureReport;
import mechinterp.experiments.report.TokenText;
import mechinterp.tokenizer.Tokenizer;

/**
 * From where attention brings what a latent reads on its strongest tokens.
 *
 * @param latent its number
 * @param tokens the strongest first
 */
public record AttributionCard(int latent, List<Attributed> tokens) {
  private static final int PEAKS = 3;
  private static final int LARGEST = 6;

  /** Keeps the list. */
  public AttributionCard {
    tokens = List.copyOf(tokens);
  }

  /**
   * A token on which the latent is active.
   *
   * @param token its text
   * @param preActivation of the latent
   * @param constant the part that no token brings
   * @param heads what each head brings, the largest first
   * @param largest the largest contributions of a head and a source token
   */
  public record Attributed(
      String token, double preActivation, double constant, List<Head> heads, List<Source> largest) {
    /** Keeps the lists. */
    public Attributed {
      heads = List.copyOf(heads);
      largest = List.copyOf(largest);
    }

    /** Returns the parts of one token. */
    public static Attributed of(AttributedPeak peak, Tokenizer tokenizer) {
      DirectFeatureAttribution found = peak.attribution();
      List<Head> heads =
          IntStream.range(0, found.heads())
              .mapToObj(head -> new Head(head, found.ofHead(head)))
              .sorted(Comparator.comparingDouble((Head head) -> -Math.abs(head.value())))
              .toList();
      List<Source> largest =
          found.largest(LARGEST).stream()
              .map(each ->
                  new Source(
                      each.head(),
                      TokenText.of(tokenizer, peak.ids().get(each.source())),
                      found.position() - each.source(),
                      each.value()))
              .toList();
      return new Attributed(
          TokenText.of(tokenizer, peak.ids().getLast()),
          found.preActivation(),
          found.constant(),
          heads,
          largest);
    }
  }

  /** What a head brings. */
  public record Head(int head, double value) {}

  /**
   * What a head brings from a token.
   *
   * @param token its text
   * @param back how many tokens before the one on which the latent is active
   */
  public record Source(int head, String token, int back, double value) {}

  /**
   * Returns the card of a latent.
   *
   * @param report one that has attributions
   */
  public static AttributionCard of(FeatureReport report, Tokenizer tokenizer, int latent) {
    return new AttributionCard(
        latent,
        report.attributions(latent, PEAKS).stream()
            .map(peak -> Attributed.of(peak, tokenizer))
            .toList());
  }
}
