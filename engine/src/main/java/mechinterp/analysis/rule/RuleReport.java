package mechinterp.analysis.rule;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The rules of all latents, with their scores. */
public final class RuleReport {
  private final List<Optional<LatentRules>> latents;

  RuleReport(List<Optional<LatentRules>> latents) {
    this.latents = List.copyOf(latents);
  }

  /** A rule of each kind. */
  record LatentRules(DetectedRule tokens, DetectedRule ngrams) {
    DetectedRule of(RuleKind kind) {
      return switch (kind) {
        case TOKENS -> tokens;
        case NGRAMS -> ngrams;
      };
    }
  }

  /** Returns the number of latents, d_sae. */
  public int latents() {
    return latents.size();
  }

  /**
   * Returns a latent's rule; nothing where it does not fire on both halves.
   *
   * @throws IllegalArgumentException when there is no such latent
   */
  public Optional<DetectedRule> rule(int latent, RuleKind kind) {
    if (latent < 0 || latent >= latents.size()) {
      throw new IllegalArgumentException(
          "latent: is %d; it must lie within 0 to %d".formatted(latent, latents.size() - 1));
    }
    return latents.get(latent).map(rules -> rules.of(kind));
  }

  /**
   * Returns the means over latents.
   *
   * @param leastActive only latents that fire on at least so many tokens of the half that scores
   */
  public RuleSummary summary(RuleKind kind, long leastActive) {
    List<DetectionScore> scores =
        IntStream.range(0, latents.size())
            .mapToObj(latent -> rule(latent, kind))
            .flatMap(Optional::stream)
            .map(DetectedRule::score)
            .filter(score -> score.activeTokens() >= leastActive)
            .toList();
    return new RuleSummary(
        scores.size(),
        scores.stream().mapToDouble(DetectionScore::auc).average().orElse(Double.NaN),
        scores.stream().mapToDouble(DetectionScore::precision).average().orElse(Double.NaN),
        scores.stream().mapToDouble(DetectionScore::recall).average().orElse(Double.NaN),
        scores.stream().mapToDouble(DetectionScore::f1).average().orElse(Double.NaN));
  }
}
