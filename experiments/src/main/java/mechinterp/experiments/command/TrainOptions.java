package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.activation.Normalization;
import mechinterp.experiments.run.SaeSettings;
import mechinterp.experiments.run.TrainSettings;
import mechinterp.io.Json;
import mechinterp.optim.LearningRateDecay;
import mechinterp.sae.AuxKConfig;
import mechinterp.sae.DecoderNorm;
import mechinterp.sae.KScope;
import mechinterp.sae.objective.EndToEndConfig;
import mechinterp.sae.objective.GhostGradientsConfig;
import mechinterp.sae.objective.KScheduleConfig;
import mechinterp.training.ResampleConfig;
import mechinterp.training.TrainConfig;
import mechinterp.training.TrainConfigBuilder;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What to train: a configuration file, single settings, or both, of which single settings win. */
final class TrainOptions {
  private static final long MOST_TOKENS_UNTIL_DEAD = 10_000_000;
  private static final int SHARE_UNTIL_DEAD = 10;
  private static final double LAST_FIFTH = 0.2;
  private static final double FIRST_TENTH = 0.1;

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Spec(Target.SELF)
  private CommandSpec own;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Settings as JSON, such as configs/train-topk.json; the options below win.")
  private Optional<Path> config = Optional.empty();

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      converter = KindConverter.class,
      description = "Kind of autoencoder: ${COMPLETION-CANDIDATES}.")
  private Optional<SaeSettings.Kind> kind = Optional.empty();

  @Option(names = "--d-sae", paramLabel = "F", description = "Number of latents.")
  private Optional<Integer> dSae = Optional.empty();

  @Option(
      names = "--k",
      paramLabel = "K",
      description = "Most active latents of a token; for kinds other than topk in the mean.")
  private Optional<Integer> k = Optional.empty();

  @Option(
      names = "--k-scope",
      paramLabel = "SCOPE",
      description = {
        "What k is the number of active latents of, for transcoders and crosscoders: token (at"
            + " most)",
        "or batch (in the mean). Default: token for transcoders, batch for crosscoders."
      })
  private Optional<KScope> kScope = Optional.empty();

  @Option(
      names = "--experts",
      paramLabel = "N",
      description = {
        "Experts of a switch, which divide the latents among them. Default: 8, or the next lower",
        "power of two that divides --d-sae and leaves each --k latents."
      })
  private Optional<Integer> experts = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Tokens to train on; when the data ends it goes round again in a new order.")
  private Optional<Long> tokens = Optional.empty();

  @Option(names = "--batch", paramLabel = "B", description = "Tokens of a step. Default: 4096.")
  private Optional<Integer> batch = Optional.empty();

  @Option(
      names = "--lr",
      paramLabel = "LR",
      description = "Peak learning rate of Adam. Default: 2e-4 / sqrt(d_sae / 16384).")
  private Optional<Double> learningRate = Optional.empty();

  @Option(
      names = "--schedule",
      paramLabel = "SHAPE",
      description = {
        "What the learning rate does after its warm-up: constant; linear: it stays and falls to 0",
        "over the last fifth; cosine: it falls along half a cosine. Default: linear."
      })
  private Optional<Schedule> schedule = Optional.empty();

  @Option(
      names = "--max-gradient-norm",
      paramLabel = "NORM",
      description = "Largest norm of all gradients together. Default: none, gradients as they are.")
  private Optional<Double> maxGradientNorm = Optional.empty();

  @Option(
      names = "--ema-decay",
      paramLabel = "DECAY",
      description = "Save the moving average of the weights with this decay. Default: none.")
  private Optional<Double> emaDecay = Optional.empty();

  @Option(
      names = "--end-to-end",
      paramLabel = "LOSS",
      description = {
        "Train for what a language model (--model) predicts with reconstructions in place: kl (KL",
        "divergence from its own predictions) or ce (cross-entropy). Default: reconstruction."
      })
  private Optional<EndToEndConfig.Loss> endToEnd = Optional.empty();

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the weights. Default: 0.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--data-seed",
      paramLabel = "S",
      description = "Seed of the order of the activations. Default: that of the weights.")
  private Optional<Long> dataSeed = Optional.empty();

  @Option(
      names = "--first-k",
      paramLabel = "K",
      description = {
        "Active latents at the first step, from which they fall to --k over the first tenth of the",
        "training. Default: --k."
      })
  private Optional<Integer> firstK = Optional.empty();

  @Option(
      names = "--resample",
      description = {
        "Make dead latents anew, four times in the first half of the training, from activations"
            + " that",
        "are reconstructed badly."
      })
  private boolean resample;

  @Option(
      names = "--ghost-gradients",
      description = {
        "Revive dead latents of standard and panneal by a loss of what they would add to the",
        "reconstruction. Default: none."
      })
  private boolean ghostGradients;

  @Option(
      names = "--decoder-norm",
      paramLabel = "NORM",
      description = {
        "unit: decoder rows keep norm 1; free: they do not. Default: unit, for standard free,",
        "which makes its penalty that of Anthropic's April 2024 update."
      })
  private Optional<DecoderNorm> decoderNorm = Optional.empty();

  @Option(
      names = "--normalize",
      paramLabel = "METHOD",
      description = {
        "none or expected_average_only_in: whether activations are scaled while training.",
        "Default: expected_average_only_in, to a mean norm of sqrt(d_in)."
      })
  private Optional<Normalization.Method> normalization = Optional.empty();

  @Option(
      names = "--max-activation-norm",
      paramLabel = "M",
      description = {
        "Leave out activations longer than M times the median norm.",
        "Default: none are left out."
      })
  private Optional<Double> maxActivationNorm = Optional.empty();

  @Option(
      names = "--buffer",
      paramLabel = "N",
      description = {
        "Tokens that are mixed with each other when activations come straight from a model.",
        "Default: 65536, or --tokens where that is less."
      })
  private Optional<Integer> bufferTokens = Optional.empty();

  @Option(
      names = "--dead-after",
      paramLabel = "N",
      description = {
        "Tokens without activity until a latent counts as dead.",
        "Default: a tenth of the training, at most 10 million."
      })
  private Optional<Long> deadAfter = Optional.empty();

  /** The courses of the learning rate that have a name. */
  enum Schedule {
    CONSTANT,
    LINEAR,
    COSINE;

    private void set(TrainConfigBuilder train, double warmUpFraction) {
      switch (this) {
        case CONSTANT -> train.decayFraction(0).decay(LearningRateDecay.LINEAR);
        case LINEAR -> train.decayFraction(LAST_FIFTH).decay(LearningRateDecay.LINEAR);
        case COSINE -> train.decayFraction(1 - warmUpFraction).decay(LearningRateDecay.COSINE);
      }
    }
  }

  /**
   * Returns the settings.
   *
   * @throws IOException when the file cannot be read, or a field of it is unknown, missing or wrong
   * @throws IllegalArgumentException when a setting is out of its range
   */
  TrainSettings settings() throws IOException {
    return config.isPresent()
        ? changed(Json.read(config.get(), TrainSettings.class))
        : changed(defaults());
  }

  /**
   * Checks that no setting is given.
   *
   * @throws ParameterException naming the first that is
   */
  void requireNone() {
    for (OptionSpec option : own.options()) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option.longestName())) {
        throw new ParameterException(
            spec.commandLine(), option.longestName() + " has no effect with --sweep; leave it out");
      }
    }
  }

  private TrainSettings defaults() {
    SaeSettings sae =
        new SaeSettings(require(kind, "--kind"), require(dSae, "--d-sae"), require(k, "--k"));
    long length = require(tokens, "--tokens");
    AuxKConfig auxK =
        AuxKConfig.defaults()
            .withDeadAfterTokens(Math.clamp(length / SHARE_UNTIL_DEAD, 1, MOST_TOKENS_UNTIL_DEAD));
    return new TrainSettings(
        sae,
        Normalization.Method.EXPECTED_AVERAGE_ONLY_IN,
        TrainConfig.defaults().toBuilder()
            .tokens(length)
            .decoderNorm(defaultNorm(sae.architecture()))
            .auxK(auxK)
            .build());
  }

  private static DecoderNorm defaultNorm(SaeSettings.Kind kind) {
    return kind == SaeSettings.Kind.STANDARD ? DecoderNorm.FREE : DecoderNorm.UNIT;
  }

  private TrainSettings changed(TrainSettings settings) {
    SaeSettings sae = settings.sae();
    TrainConfigBuilder train = settings.train().toBuilder();
    tokens.ifPresent(train::tokens);
    batch.ifPresent(train::batchSize);
    learningRate.ifPresent(train::learningRate);
    schedule.ifPresent(shape -> shape.set(train, settings.train().warmUpFraction()));
    maxGradientNorm.ifPresent(train::maxGradientNorm);
    emaDecay.ifPresent(train::emaDecay);
    endToEnd.ifPresent(loss -> train.endToEnd(EndToEndConfig.of(loss)));
    seed.ifPresent(train::seed);
    firstK.ifPresent(first -> train.kSchedule(new KScheduleConfig(first, FIRST_TENTH)));
    if (resample) {
      train.resample(ResampleConfig.defaults());
    }
    if (ghostGradients) {
      train.ghostGradients(GhostGradientsConfig.defaults());
    }
    decoderNorm.ifPresent(train::decoderNorm);
    deadAfter.ifPresent(value -> train.auxK(settings.train().auxK().withDeadAfterTokens(value)));
    SaeSettings changed =
        new SaeSettings(
            kind.orElse(sae.architecture()),
            dSae.orElse(sae.dSae()),
            k.orElse(sae.k()),
            kScope.or(sae::kScope),
            sae.options());
    return new TrainSettings(
        experts.map(number -> changed.withOption("experts", number)).orElse(changed),
        normalization.orElse(settings.normalizeActivations()),
        maxActivationNorm.or(settings::maxActivationNorm),
        bufferTokens.or(settings::bufferTokens),
        dataSeed.or(settings::dataSeed),
        train.build());
  }

  private <T> T require(Optional<T> value, String option) {
    return value.orElseThrow(() ->
        new ParameterException(spec.commandLine(), "without --config, " + option + " is required"));
  }
}
