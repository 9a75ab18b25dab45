package mechinterp.experiments.dashboard;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.analysis.explanation.DetectionCount;
import mechinterp.analysis.explanation.IntruderCount;
import mechinterp.analysis.explanation.LatentExplanation;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.RuleCard;

/**
 * What the dashboard shows of one latent, short enough to be there for every latent.
 *
 * @param latent its number
 * @param top the tokens on which its top contexts peak, with counts
 * @param promoted the tokens that its decoder row makes more likely
 * @param suppressed the tokens that it makes less likely
 * @param decoder the latents with the nearest decoder rows
 * @param encoder those with the nearest encoder rows
 * @param together the latents that are active where it is
 * @param family its parent and children
 * @param histogram counts of its activations by size
 * @param range from where to where the histogram goes
 * @param before tokens right before its activations
 * @param on tokens on which it is active
 * @param after tokens right behind
 * @param rules its rules and their scores
 * @param judged what a judge said of it
 * @param attention from where attention brings what it reads on its strongest tokens; empty unless
 *     the autoencoder is of what attention makes
 * @param groups contexts: the strongest first, then samples of weaker activations
 */
record LatentPage(
    int latent,
    List<FeatureCard.TokenCount> top,
    List<String> promoted,
    List<String> suppressed,
    List<Near> decoder,
    List<Near> encoder,
    List<FeatureCard.Together> together,
    List<Relative> family,
    List<Long> histogram,
    String range,
    List<FeatureCard.TokenLift> before,
    List<FeatureCard.TokenLift> on,
    List<FeatureCard.TokenLift> after,
    List<RuleCard> rules,
    Optional<Judged> judged,
    List<AttentionSources> attention,
    List<Group> groups) {

  /**
   * What a judge said.
   *
   * @param text the explanation
   * @param detection balanced accuracy
   * @param fuzzing balanced accuracy
   * @param intruder accuracy
   * @param chance of the intruder
   */
  record Judged(
      String text,
      Optional<Double> detection,
      Optional<Double> fuzzing,
      Optional<Double> intruder,
      double chance) {
    static Judged of(LatentExplanation explanation) {
      return new Judged(
          explanation.text().orElse(""),
          explanation.detection().map(DetectionCount::balancedAccuracy).map(LatentPage::rounded),
          explanation.fuzzing().map(DetectionCount::balancedAccuracy).map(LatentPage::rounded),
          explanation.intruder().map(IntruderCount::accuracy).map(LatentPage::rounded),
          explanation.intruder().map(count -> 1.0 / count.choices()).orElse(0.0));
    }
  }

  /** A latent nearby. */
  record Near(int latent, double cosine) {}

  /**
   * A latent of the same family.
   *
   * @param relation {@code parent} or {@code child}
   */
  record Relative(String relation, int latent, double implication, double cosine) {}

  /**
   * Contexts of activations of a certain size.
   *
   * @param title what they are
   */
  record Group(String title, List<Context> contexts) {}

  /**
   * Tokens around a peak.
   *
   * @param tokens as they are written, with the space before
   * @param activations the latent's on each of them
   * @param peak which of them is the peak
   * @param source the document
   */
  record Context(List<String> tokens, List<Double> activations, int peak, String source) {
    static Context of(FeatureCard.Context context) {
      List<String> tokens = new ArrayList<>();
      List<Double> activations = new ArrayList<>();
      for (FeatureCard.ContextToken token : context.tokens()) {
        tokens.add(token.spaceBefore() ? " " + token.text() : token.text());
        activations.add(rounded(token.activation()));
      }
      return new Context(tokens, activations, context.peak(), context.source());
    }
  }

  /** Four digits are enough to look at. */
  static double rounded(double value) {
    return Double.isFinite(value)
        ? new BigDecimal(value).round(new MathContext(4)).doubleValue()
        : value;
  }
}
