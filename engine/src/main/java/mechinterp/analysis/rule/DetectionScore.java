package mechinterp.analysis.rule;

/**
 * How well a rule tells on which tokens of the other half a latent fires.
 *
 * @param auc area under the ROC curve of a pattern's precision as the score of a token, 0 where no
 *     pattern fits: the chance that a token on which the latent fires has a higher score than one
 *     on which it does not, equal ones counted half. 0.5 says nothing
 * @param precision of the tokens on which the rule fires the share on which the latent does; 0 when
 *     the rule fires nowhere
 * @param recall of the tokens on which the latent fires the share on which the rule does
 * @param f1 2 precision recall / (precision + recall)
 * @param activeTokens on how many tokens the latent fires
 */
public record DetectionScore(
    double auc, double precision, double recall, double f1, long activeTokens) {}
