package mechinterp.experiments.run;

import java.util.Optional;
import mechinterp.activation.Normalization;
import mechinterp.activation.OutlierLimit;
import mechinterp.training.TrainConfig;

/**
 * What to train and how: the content of a configuration file of {@code mechinterp train}.
 *
 * @param sae what kind of autoencoder
 * @param normalizeActivations what activations are multiplied with while training; the saved
 *     autoencoder takes them as they are
 * @param maxActivationNorm activations longer than this multiple of the median norm are not trained
 *     on; empty to train on all
 * @param bufferTokens tokens that are mixed with each other when activations are streamed from a
 *     model; empty when they come from a store
 * @param dataSeed of the order of the activations; empty for that of the weights
 * @param train how it is trained
 */
public record TrainSettings(
    SaeSettings sae,
    Normalization.Method normalizeActivations,
    Optional<Double> maxActivationNorm,
    Optional<Integer> bufferTokens,
    Optional<Long> dataSeed,
    TrainConfig train) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public TrainSettings {
    maxActivationNorm.ifPresent(OutlierLimit::requireMultiple);
  }

  /** Settings with all activations, in the order of the weights' seed. */
  public TrainSettings(
      SaeSettings sae, Normalization.Method normalizeActivations, TrainConfig train) {
    this(sae, normalizeActivations, Optional.empty(), Optional.empty(), Optional.empty(), train);
  }

  /** Returns these settings for activations that are streamed: with a size of the buffer. */
  public TrainSettings streamed() {
    return new TrainSettings(
        sae,
        normalizeActivations,
        maxActivationNorm,
        DataSettings.streamed(bufferTokens, train.tokens()),
        dataSeed,
        train);
  }

  /**
   * Returns these settings for activations that are stored.
   *
   * @throws IllegalArgumentException when they name a buffer, which has no effect
   */
  public TrainSettings stored() {
    DataSettings.requireNoBuffer(bufferTokens);
    return this;
  }

  /** Returns in which order and scale activations are trained on. */
  public DataSettings data() {
    return new DataSettings(
        normalizeActivations,
        maxActivationNorm,
        bufferTokens,
        dataSeed.orElse(train.seed()),
        train.endToEnd().isPresent());
  }
}
