package mechinterp.experiments.run;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mechinterp.analysis.rule.DetectedRule;
import mechinterp.analysis.rule.Rule;
import mechinterp.analysis.rule.RuleKind;
import mechinterp.analysis.rule.RulePattern;
import mechinterp.analysis.rule.RuleReport;
import mechinterp.experiments.report.RuleCard;
import mechinterp.experiments.report.TokenText;
import mechinterp.tokenizer.Tokenizer;

/** Makes rules readable, with tokens as text. */
public final class RuleCards {
  private static final int MOST_PATTERNS = 12;

  private final RuleReport report;
  private final Tokenizer tokenizer;

  /** Makes cards from a report of a model with such tokens. */
  public RuleCards(RuleReport report, Tokenizer tokenizer) {
    this.report = report;
    this.tokenizer = tokenizer;
  }

  /** Returns a latent's rules; none where it does not fire on both halves. */
  public List<RuleCard> of(int latent) {
    return Arrays.stream(RuleKind.values())
        .flatMap(kind -> report.rule(latent, kind).stream().map(rule -> card(kind, rule)))
        .toList();
  }

  private RuleCard card(RuleKind kind, DetectedRule found) {
    String name = kind.name().toLowerCase(Locale.ROOT);
    return new RuleCard(name, text(found.rule()), found.score());
  }

  private String text(Rule rule) {
    String fires = text(rule.patterns().stream().filter(RulePattern::fires));
    String not = text(rule.patterns().stream().filter(pattern -> !pattern.fires()));
    return fires.isEmpty() ? "no pattern" : not.isEmpty() ? fires : fires + "; but not " + not;
  }

  private String text(Stream<RulePattern> patterns) {
    List<String> all = patterns.map(this::text).toList();
    String shown = all.stream().limit(MOST_PATTERNS).collect(Collectors.joining(" "));
    int more = all.size() - MOST_PATTERNS;
    return more > 0 ? "%s and %d more".formatted(shown, more) : shown;
  }

  private String text(RulePattern pattern) {
    return pattern.tokens().stream()
        .map(id -> TokenText.of(tokenizer, id))
        .collect(Collectors.joining("", "\"", "\""));
  }
}
