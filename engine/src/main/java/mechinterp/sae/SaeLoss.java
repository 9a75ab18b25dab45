package mechinterp.sae;

/**
 * The losses of one batch, taken before the step.
 *
 * @param total what is minimised: reconstruction + auxiliary
 * @param reconstruction sum |x - x^|^2 / normaliser
 * @param auxiliary alpha scale sum |e - e^|^2 / normaliser, 0 where it is off or no latent is dead
 * @param fvu the batch's sum |x - x^|^2 / sum |x - mean of the batch|^2
 * @param l0 mean number of active latents of a token
 * @param deadLatents latents that were not active on any of the last tokens, as many as the
 *     configuration says
 */
public record SaeLoss(
    double total,
    double reconstruction,
    double auxiliary,
    double fvu,
    double l0,
    int deadLatents) {}
