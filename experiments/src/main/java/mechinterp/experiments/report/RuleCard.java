package mechinterp.experiments.report;

import mechinterp.analysis.rule.DetectionScore;

/**
 * A rule for people to read.
 *
 * @param kind {@code tokens} or {@code ngrams}
 * @param text the patterns that fire, the most precise first, and the exceptions
 * @param score on the half of the documents on which the rule was not found
 */
public record RuleCard(String kind, String text, DetectionScore score) {}
