package mechinterp.training;

import java.util.Optional;

/**
 * What a step of training a language model found, before it moved the weights.
 *
 * @param step number of the step, from 1
 * @param tokens tokens seen, this batch included
 * @param loss mean cross-entropy of the batch in nats a token
 * @param gradientNorm norm of all gradients together, before clipping
 * @param learningRate rate of the step
 * @param validationLoss mean cross-entropy of the validation text after the step, in nats a token,
 *     where it was measured
 */
public record LanguageModelMetrics(
    int step,
    long tokens,
    double loss,
    double gradientNorm,
    double learningRate,
    Optional<Double> validationLoss) {}
