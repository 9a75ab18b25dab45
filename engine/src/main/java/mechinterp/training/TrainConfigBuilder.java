package mechinterp.training;

import java.util.Optional;
import mechinterp.optim.AdamConfig;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderBiasInit;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.objective.EndToEndConfig;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.sae.objective.LossNormalizer;

/** Settings of training in the making; {@link #build} checks them. */
public final class TrainConfigBuilder {
  private long tokens;
  private int batchSize;
  private Optional<Double> learningRate;
  private double warmUpFraction;
  private double decayFraction;
  private LearningRateDecay decay;
  private AdamConfig adam;
  private long seed;
  private DecoderBiasInit bDecInit;
  private int bDecSample;
  private DecoderNorm decoderNorm;
  private LossNormalizer lossNormalizer;
  private AuxKConfig auxK;
  private Optional<KScheduleConfig> kSchedule;
  private Optional<ResampleConfig> resample;
  private Optional<GhostGradientsConfig> ghostGradients;
  private Optional<Double> maxGradientNorm;
  private Optional<Double> emaDecay;
  private Optional<EndToEndConfig> endToEnd;

  TrainConfigBuilder(TrainConfig config) {
    this.tokens = config.tokens();
    this.batchSize = config.batchSize();
    this.learningRate = config.learningRate();
    this.warmUpFraction = config.warmUpFraction();
    this.decayFraction = config.decayFraction();
    this.decay = config.decay();
    this.adam = config.adam();
    this.seed = config.seed();
    this.bDecInit = config.bDecInit();
    this.bDecSample = config.bDecSample();
    this.decoderNorm = config.decoderNorm();
    this.lossNormalizer = config.lossNormalizer();
    this.auxK = config.auxK();
    this.kSchedule = config.kSchedule();
    this.resample = config.resample();
    this.ghostGradients = config.ghostGradients();
    this.maxGradientNorm = config.maxGradientNorm();
    this.emaDecay = config.emaDecay();
    this.endToEnd = config.endToEnd();
  }

  /** Sets tokens to train on. */
  public TrainConfigBuilder tokens(long value) {
    tokens = value;
    return this;
  }

  /** Sets tokens of a step. */
  public TrainConfigBuilder batchSize(int value) {
    batchSize = value;
    return this;
  }

  /** Sets the peak learning rate. */
  public TrainConfigBuilder learningRate(double value) {
    learningRate = Optional.of(value);
    return this;
  }

  /** Sets the share of the steps in which the rate rises. */
  public TrainConfigBuilder warmUpFraction(double value) {
    warmUpFraction = value;
    return this;
  }

  /** Sets the share of the steps in which the rate falls. */
  public TrainConfigBuilder decayFraction(double value) {
    decayFraction = value;
    return this;
  }

  /** Sets how the rate falls. */
  public TrainConfigBuilder decay(LearningRateDecay value) {
    decay = value;
    return this;
  }

  /** Sets the other settings of Adam. */
  public TrainConfigBuilder adam(AdamConfig value) {
    adam = value;
    return this;
  }

  /** Sets the seed of the initial weights. */
  public TrainConfigBuilder seed(long value) {
    seed = value;
    return this;
  }

  /** Sets the decoder's bias to begin with. */
  public TrainConfigBuilder bDecInit(DecoderBiasInit value) {
    bDecInit = value;
    return this;
  }

  /** Sets how many activations it is computed from, at most. */
  public TrainConfigBuilder bDecSample(int value) {
    bDecSample = value;
    return this;
  }

  /** Sets what is kept true of the decoder's rows. */
  public TrainConfigBuilder decoderNorm(DecoderNorm value) {
    decoderNorm = value;
    return this;
  }

  /** Sets what the squared error is divided by. */
  public TrainConfigBuilder lossNormalizer(LossNormalizer value) {
    lossNormalizer = value;
    return this;
  }

  /** Sets the loss that revives dead latents. */
  public TrainConfigBuilder auxK(AuxKConfig value) {
    auxK = value;
    return this;
  }

  /** Sets how k falls from more active latents. */
  public TrainConfigBuilder kSchedule(KScheduleConfig value) {
    kSchedule = Optional.of(value);
    return this;
  }

  /** Sets when dead latents are made anew from activations. */
  public TrainConfigBuilder resample(ResampleConfig value) {
    resample = Optional.of(value);
    return this;
  }

  /** Sets the loss that revives dead latents of kinds with ReLU. */
  public TrainConfigBuilder ghostGradients(GhostGradientsConfig value) {
    ghostGradients = Optional.of(value);
    return this;
  }

  /** Sets the largest norm of all gradients together. */
  public TrainConfigBuilder maxGradientNorm(double value) {
    maxGradientNorm = Optional.of(value);
    return this;
  }

  /** Sets the decay of the moving average that is saved in place of the last step's weights. */
  public TrainConfigBuilder emaDecay(double value) {
    emaDecay = Optional.of(value);
    return this;
  }

  /** Sets what a language model that goes on with reconstructions is asked. */
  public TrainConfigBuilder endToEnd(EndToEndConfig value) {
    endToEnd = Optional.of(value);
    return this;
  }

  /**
   * Returns the settings.
   *
   * @throws IllegalArgumentException with the JSON field's name when one is out of its range
   */
  public TrainConfig build() {
    return new TrainConfig(
        tokens,
        batchSize,
        learningRate,
        warmUpFraction,
        decayFraction,
        decay,
        adam,
        seed,
        bDecInit,
        bDecSample,
        decoderNorm,
        lossNormalizer,
        auxK,
        kSchedule,
        resample,
        ghostGradients,
        maxGradientNorm,
        emaDecay,
        endToEnd);
  }
}
