package mechinterp.training;

import java.util.Locale;
import java.util.Optional;
import mechinterp.optim.AdamConfig;
import mechinterp.optim.LearningRateDecay;
import mechinterp.optim.LearningRateSchedule;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.objective.EndToEndConfig;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.sae.objective.LossNormalizer;
import mechinterp.sae.objective.ObjectiveSettings;

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
 * @param decay how it falls; linear where {@code decayFraction} is 0
 * @param adam the other settings of Adam
 * @param seed of the initial weights
 * @param bDecInit the decoder's bias to begin with
 * @param bDecSample activations that it is computed from, at most; the default where it is 0
 * @param decoderNorm what is kept true of the decoder's rows
 * @param lossNormalizer what the squared error is divided by
 * @param auxK the loss that revives dead latents
 * @param kSchedule how k falls from more active latents; empty for a k that stays
 * @param resample whether and when dead latents are made anew from activations
 * @param ghostGradients the loss that revives dead latents of kinds with ReLU; empty for none
 * @param maxGradientNorm the largest norm of all gradients together; a longer gradient is shortened
 *     to it. Empty to take gradients as they are
 * @param emaDecay the saved weights are the moving average over the steps with this decay, more
 *     than 0 and less than 1. Empty for the last step's weights
 * @param endToEnd what a language model that goes on with reconstructions is asked; empty to train
 *     for reconstruction. Present only with activations straight from a model
 */
public record TrainConfig(
    long tokens,
    int batchSize,
    Optional<Double> learningRate,
    double warmUpFraction,
    double decayFraction,
    LearningRateDecay decay,
    AdamConfig adam,
    long seed,
    DecoderBiasInit bDecInit,
    int bDecSample,
    DecoderNorm decoderNorm,
    LossNormalizer lossNormalizer,
    AuxKConfig auxK,
    Optional<KScheduleConfig> kSchedule,
    Optional<ResampleConfig> resample,
    Optional<GhostGradientsConfig> ghostGradients,
    Optional<Double> maxGradientNorm,
    Optional<Double> emaDecay,
    Optional<EndToEndConfig> endToEnd) {
  private static final double REFERENCE_RATE = 2e-4;
  private static final double REFERENCE_LATENTS = 1 << 14;
  private static final LearningRateDecay DEFAULT_DECAY = LearningRateDecay.LINEAR;
  private static final int DEFAULT_B_DEC_SAMPLE = 32_768;

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
    learningRate.ifPresent(value -> requirePositive("learning_rate", value));
    maxGradientNorm.ifPresent(value -> requirePositive("max_gradient_norm", value));
    emaDecay.ifPresent(TrainConfig::requireDecay);
    requireFraction("warm_up_fraction", warmUpFraction);
    requireFraction("decay_fraction", decayFraction);
    if (warmUpFraction + decayFraction > 1) {
      throw new IllegalArgumentException(
          "warm_up_fraction: is %s, decay_fraction is %s; together they must be at most 1"
              .formatted(warmUpFraction, decayFraction));
    }
    requireEffect(decay, decayFraction, bDecInit, bDecSample);
  }

  /** Fields without an effect keep their defaults, so that a whole configuration can be written. */
  private static void requireEffect(
      LearningRateDecay decay, double decayFraction, DecoderBiasInit bDecInit, int bDecSample) {
    if (decayFraction == 0 && decay != DEFAULT_DECAY) {
      throw new IllegalArgumentException(
          "decay: is %s, decay_fraction is 0; it has an effect on a rate that falls alone, leave it at %s"
              .formatted(jsonName(decay), jsonName(DEFAULT_DECAY)));
    }
    if (bDecInit == DecoderBiasInit.ZERO && bDecSample != DEFAULT_B_DEC_SAMPLE) {
      throw new IllegalArgumentException(
          "b_dec_sample: is %d, b_dec_init is zero, which takes no sample; leave it at %d"
              .formatted(bDecSample, DEFAULT_B_DEC_SAMPLE));
    }
  }

  private static String jsonName(LearningRateDecay decay) {
    return decay.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns 10 million tokens in batches of 4,096, the rate by d_sae with 5 % warm-up (SAELens'
   * documentation) and linear decay over the last 20 % (SAELens, dictionary_learning), Adam and
   * AuxK with their defaults, b_dec from the geometric median of 32,768 activations and unit-norm
   * decoder rows (openai/sparse_autoencoder), seed 0; gradients as they are and the last step's
   * weights.
   */
  public static TrainConfig defaults() {
    return new TrainConfig(
        10_000_000,
        4096,
        Optional.empty(),
        0.05,
        0.2,
        DEFAULT_DECAY,
        AdamConfig.defaults(),
        0,
        DecoderBiasInit.GEOMETRIC_MEDIAN,
        DEFAULT_B_DEC_SAMPLE,
        DecoderNorm.UNIT,
        LossNormalizer.BATCH_VARIANCE,
        AuxKConfig.defaults(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** Returns the number of steps: tokens / batch_size, rounded up. */
  public int steps() {
    return Math.toIntExact(Math.ceilDiv(tokens, batchSize));
  }

  /** Returns what an objective needs to know. */
  ObjectiveSettings objectiveSettings() {
    return new ObjectiveSettings(
        steps(), batchSize, lossNormalizer, auxK, ghostGradients, kSchedule, endToEnd);
  }

  /** Returns the peak learning rate for {@code dSae} latents. */
  public double peakLearningRate(int dSae) {
    return learningRate.orElse(REFERENCE_RATE / Math.sqrt(dSae / REFERENCE_LATENTS));
  }

  /** Returns the course of the learning rate for {@code dSae} latents. */
  public LearningRateSchedule schedule(int dSae) {
    int warmUp = (int) (warmUpFraction * steps());
    int falling = (int) (decayFraction * steps());
    return new LearningRateSchedule(peakLearningRate(dSae), steps(), warmUp, falling, decay);
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

  private static void requirePositive(String field, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be positive and finite".formatted(field, value));
    }
  }

  private static void requireDecay(double decay) {
    if (!(decay > 0 && decay < 1)) {
      throw new IllegalArgumentException(
          "ema_decay: is %s; it must be more than 0 and less than 1".formatted(decay));
    }
  }

  private static void requireFraction(String field, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must lie within 0 to 1".formatted(field, value));
    }
  }
}
