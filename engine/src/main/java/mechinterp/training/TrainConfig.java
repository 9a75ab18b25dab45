package mechinterp.training;

import java.util.Optional;
import mechinterp.optim.AdamConfig;
import mechinterp.optim.LearningRateSchedule;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.LossNormalizer;

/**
 * How a sparse autoencoder is trained. docs/saes.md lists the settings with the sources of the
 * defaults.
 *
 * @param tokens tokens to train on, rounded up to whole batches; data that ends before begins again
 *     in a new order
 * @param batchSize tokens of a step
 * @param learningRate peak rate of Adam; empty for 2e-4 / sqrt(d_sae / 2^14), the rate of
 *     EleutherAI/sparsify and dictionary_learning, with the scaling of Gao et al. 2024
 * @param warmUpFraction share of the steps in which the rate rises from 0
 * @param decayFraction share of the steps, the last ones, in which it falls to 0
 * @param adam the other settings of Adam
 * @param seed of the initial weights
 * @param bDecInit the decoder's bias to begin with
 * @param bDecSample activations that it is computed from, at most
 * @param decoderNorm what is kept true of the decoder's rows
 * @param lossNormalizer what the squared error is divided by
 * @param auxK the loss that revives dead latents
 */
public record TrainConfig(
    long tokens,
    int batchSize,
    Optional<Double> learningRate,
    double warmUpFraction,
    double decayFraction,
    AdamConfig adam,
    long seed,
    DecoderBiasInit bDecInit,
    int bDecSample,
    DecoderNorm decoderNorm,
    LossNormalizer lossNormalizer,
    AuxKConfig auxK) {
  private static final double REFERENCE_RATE = 2e-4;
  private static final double REFERENCE_LATENTS = 1 << 14;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public TrainConfig {
    requireAtLeast("tokens", tokens, 1);
    requireAtLeast("batch_size", batchSize, 1);
    requireAtLeast("b_dec_sample", bDecSample, 1);
    if (batchSize < 2 && lossNormalizer == LossNormalizer.BATCH_VARIANCE) {
      throw new IllegalArgumentException(
          "batch_size: is 1; loss_normalizer batch_variance needs at least 2");
    }
    if (Math.ceilDiv(tokens, batchSize) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "tokens: are %d in batches of %d; there must be fewer than 2^31 steps"
              .formatted(tokens, batchSize));
    }
    learningRate.ifPresent(TrainConfig::requireRate);
    requireFraction("warm_up_fraction", warmUpFraction);
    requireFraction("decay_fraction", decayFraction);
    if (warmUpFraction + decayFraction > 1) {
      throw new IllegalArgumentException(
          "warm_up_fraction: is %s, decay_fraction is %s; together they must be at most 1"
              .formatted(warmUpFraction, decayFraction));
    }
  }

  /**
   * Returns 10 million tokens in batches of 4,096, the rate by d_sae with 5 % warm-up (SAELens'
   * documentation) and decay over the last 20 % (SAELens, dictionary_learning), Adam and AuxK with
   * their defaults, b_dec from the geometric median of 32,768 activations and unit-norm decoder
   * rows (openai/sparse_autoencoder), seed 0.
   */
  public static TrainConfig defaults() {
    return new TrainConfig(
        10_000_000,
        4096,
        Optional.empty(),
        0.05,
        0.2,
        AdamConfig.defaults(),
        0,
        DecoderBiasInit.GEOMETRIC_MEDIAN,
        32_768,
        DecoderNorm.UNIT,
        LossNormalizer.BATCH_VARIANCE,
        AuxKConfig.defaults());
  }

  /** Returns the number of steps: tokens / batch_size, rounded up. */
  public int steps() {
    return Math.toIntExact(Math.ceilDiv(tokens, batchSize));
  }

  /** Returns the peak learning rate for {@code dSae} latents. */
  public double peakLearningRate(int dSae) {
    return learningRate.orElse(REFERENCE_RATE / Math.sqrt(dSae / REFERENCE_LATENTS));
  }

  /** Returns the course of the learning rate for {@code dSae} latents. */
  public LearningRateSchedule schedule(int dSae) {
    int warmUp = (int) (warmUpFraction * steps());
    int decay = (int) (decayFraction * steps());
    return new LearningRateSchedule(peakLearningRate(dSae), steps(), warmUp, decay);
  }

  /** Returns these settings, to be changed. */
  public TrainConfigBuilder toBuilder() {
    return new TrainConfigBuilder(this);
  }

  private static void requireAtLeast(String field, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s: is %d; it must be at least %d".formatted(field, value, least));
    }
  }

  private static void requireRate(double rate) {
    if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "learning_rate: is %s; it must be positive and finite".formatted(rate));
    }
  }

  private static void requireFraction(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie within 0 to 1".formatted(field, value));
    }
  }
}
