package mechinterp.analysis.rule;

/** A rule, found on one half of the documents, and its score on the other. */
public record DetectedRule(Rule rule, DetectionScore score) {}
