package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.scaling.Covariate;
import mechinterp.scaling.Prediction;
import mechinterp.scaling.ScalingLaw;
import mechinterp.scaling.ScalingSetting;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp scaling predict}. */
@Command(
    name = "predict",
    description = {
      "Predict the loss of an autoencoder, or with --fvu or --ce-rise the operations that it costs to"
          + " reach one, with a 95 % interval and how far that is outside the measured points."
    })
public final class ScalingPredict implements Callable<Integer> {
  private static final double NEAR = 0.1;

  @Option(
      names = "--law",
      required = true,
      paramLabel = "FILE",
      description = "Law that scaling fit wrote.")
  private Path law;

  @Option(names = "--kind", paramLabel = "KIND", description = "Of the autoencoder.")
  private Optional<String> kind = Optional.empty();

  @Option(names = "--model-params", paramLabel = "N", description = "Parameters of the model.")
  private Optional<Double> modelParams = Optional.empty();

  @Option(names = "--d-sae", paramLabel = "N", description = "Number of latents.")
  private Optional<Double> dSae = Optional.empty();

  @Option(names = "--k", paramLabel = "N", description = "Active latents of a token.")
  private Optional<Double> k = Optional.empty();

  @Option(names = "--tokens", paramLabel = "N", description = "Tokens trained on.")
  private Optional<Double> tokens = Optional.empty();

  @Option(names = "--flops", paramLabel = "N", description = "Operations of the training.")
  private Optional<Double> flops = Optional.empty();

  @Option(
      names = "--intrinsic-dimension",
      paramLabel = "D",
      description = "Of the model's activations.")
  private Optional<Double> intrinsicDimension = Optional.empty();

  @Option(names = "--fvu", paramLabel = "X", description = "FVU to reach.")
  private Optional<Double> fvu = Optional.empty();

  @Option(names = "--ce-rise", paramLabel = "X", description = "Rise of cross-entropy to reach.")
  private Optional<Double> ceRise = Optional.empty();

  @Mixin private ResultOutput output;

  /** What is printed of a cost. */
  record Cost(double flops, double low, double high, double extrapolation) {}

  /** What is printed of a loss. */
  record Loss(
      String measure,
      double value,
      double low,
      double high,
      double measuredLow,
      double measuredHigh,
      double extrapolation) {}

  @Override
  public Integer call() throws IOException {
    ScalingLaw read = Json.read(law, ScalingLaw.class);
    ScalingSetting setting = setting(read);
    Optional<Double> target = target(read);
    if (target.isPresent()) {
      Prediction cost = read.solve(setting, Covariate.FLOPS, target.get());
      output.print(
          new Cost(cost.value(), cost.low(), cost.high(), cost.extrapolation()),
          text("flops", cost) + warning(cost));
    } else {
      Prediction loss = read.predict(setting);
      output.print(
          new Loss(
              read.measure(),
              loss.value(),
              loss.low(),
              loss.high(),
              loss.measuredLow(),
              loss.measuredHigh(),
              loss.extrapolation()),
          text(read.measure(), loss)
              + format("\nOne measurement: %.4g to %.4g", loss.measuredLow(), loss.measuredHigh())
              + warning(loss));
    }
    return 0;
  }

  private Optional<Double> target(ScalingLaw read) throws FormatException {
    if (fvu.isPresent() && ceRise.isPresent()) {
      throw new IllegalArgumentException(
          "--fvu and --ce-rise: both are given; one is predicted for");
    }
    Optional<String> measure =
        fvu.isPresent()
            ? Optional.of("fvu")
            : ceRise.isPresent() ? Optional.of("ce_rise") : Optional.empty();
    if (measure.isPresent() && !measure.get().equals(read.measure())) {
      throw new FormatException(
          law.toString(),
          "is a law of %s; %s is asked for".formatted(read.measure(), measure.get()));
    }
    return fvu.or(() -> ceRise);
  }

  private ScalingSetting setting(ScalingLaw read) {
    String known =
        kind.orElseGet(() -> {
          if (read.kinds().size() > 1) {
            throw new IllegalArgumentException(
                "--kind: is missing; the law is of %s".formatted(read.kinds()));
          }
          return read.kinds().getFirst();
        });
    Map<Covariate, Double> values = new EnumMap<>(Covariate.class);
    modelParams.ifPresent(value -> values.put(Covariate.MODEL_PARAMS, value));
    dSae.ifPresent(value -> values.put(Covariate.D_SAE, value));
    k.ifPresent(value -> values.put(Covariate.K, value));
    tokens.ifPresent(value -> values.put(Covariate.TOKENS, value));
    flops.ifPresent(value -> values.put(Covariate.FLOPS, value));
    intrinsicDimension.ifPresent(value -> values.put(Covariate.INTRINSIC_DIMENSION, value));
    return new ScalingSetting(known, values);
  }

  private static String text(String name, Prediction prediction) {
    return format(
        "%s %.4g, 95 %% interval %.4g to %.4g",
        name, prediction.value(), prediction.low(), prediction.high());
  }

  private static String warning(Prediction prediction) {
    double far = prediction.extrapolation();
    if (far == 0) {
      return "\nWithin the measured points.";
    }
    String word =
        far < NEAR
            ? "slightly outside the measured points"
            : far < 1
                ? "outside the measured points: the interval holds only if the form does"
                : "farther outside than the measured points are wide: a guess";
    return format("\nWarning: %.2f times their range (of logarithms) beyond them; %s.", far, word);
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
