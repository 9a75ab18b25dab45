package mechinterp.analysis.steering;

/**
 * What an intervention of some strength does.
 *
 * @param strength of the change
 * @param targetProbability of the wanted tokens together, after the prompt
 * @param klDivergence of predictions on unrelated text from those of the untouched model, in nats:
 *     the side effect
 * @param crossEntropyChange of the next token on unrelated text, against the untouched model
 */
public record Dose(
    double strength, double targetProbability, double klDivergence, double crossEntropyChange) {}
