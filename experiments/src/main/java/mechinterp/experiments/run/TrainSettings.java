package mechinterp.experiments.run;

import mechinterp.activation.Normalization;
import mechinterp.training.TrainConfig;

/**
 * What to train and how: the content of a configuration file of {@code mechinterp train}.
 *
 * @param sae what kind of autoencoder
 * @param normalizeActivations what activations are multiplied with while training; the saved
 *     autoencoder takes them as they are
 * @param train how it is trained
 */
public record TrainSettings(
    SaeSettings sae, Normalization.Method normalizeActivations, TrainConfig train) {}
