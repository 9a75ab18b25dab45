package mechinterp.training;

import java.util.Map;

/**
 * What a step of training found on its batch, before it moved the weights.
 *
 * @param step number of the step, from 1
 * @param tokens tokens seen, this batch included
 * @param loss what is minimised
 * @param losses its parts by name, as in {@link mechinterp.sae.objective.SaeLoss#parts}
 * @param fvu fraction of the batch's variance that the reconstruction leaves unexplained
 * @param l0 mean number of active latents of a token
 * @param deadLatents latents that were not active on any of the last tokens, as many as the
 *     configuration says
 * @param learningRate rate of the step
 */
public record StepMetrics(
    int step,
    long tokens,
    double loss,
    Map<String, Double> losses,
    double fvu,
    double l0,
    int deadLatents,
    double learningRate) {}
