package mechinterp.analysis.rule;

/**
 * How readable the latents of an autoencoder are by one kind of rule: means over the latents that
 * fire on both halves.
 *
 * @param latents how many these are
 * @param auc mean of {@link DetectionScore#auc}; NaN without a latent
 * @param precision mean of {@link DetectionScore#precision}
 * @param recall mean of {@link DetectionScore#recall}
 * @param f1 mean of {@link DetectionScore#f1}
 */
public record RuleSummary(int latents, double auc, double precision, double recall, double f1) {}
