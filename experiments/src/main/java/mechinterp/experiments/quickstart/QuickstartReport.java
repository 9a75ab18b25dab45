package mechinterp.experiments.quickstart;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.report.BarChart;
import mechinterp.experiments.report.FeatureCard;
import mechinterp.experiments.report.Figure;
import mechinterp.experiments.report.LineChart;
import mechinterp.experiments.report.Report;
import mechinterp.experiments.run.Environment;
import mechinterp.experiments.run.Training;
import mechinterp.metrics.LatentDensity;
import mechinterp.metrics.ReconstructionMetrics;
import mechinterp.training.StepMetrics;
import mechinterp.training.TrainConfig;

/** What the report of a quickstart says. */
final class QuickstartReport {
  private static final int DENSITY_BINS_PER_DECADE = 8;

  private QuickstartReport() {}

  static Report of(
      QuickstartConfig config,
      Environment environment,
      QuickstartResult result,
      Training trained,
      LatentDensity density,
      List<FeatureCard> features) {
    return new Report(
        "Sparse autoencoder on " + config.model(),
        subtitle(config, result),
        tiles(config, result),
        settings(config, environment, result),
        figures(config, result, trained.history(), density),
        metrics(result),
        features,
        featuresNote(config));
  }

  private static String subtitle(QuickstartConfig config, QuickstartResult result) {
    return text(
        "A TopK sparse autoencoder with %,d latents, of which at most %d are active on a token, trained on"
            + " %,d tokens of %s at %s. The key figures are of %,d tokens of other documents.",
        config.sae().dSae(),
        config.sae().k(),
        result.trainTokens(),
        result.text(),
        result.hook(),
        result.heldOutTokens());
  }

  private static List<Report.Tile> tiles(QuickstartConfig config, QuickstartResult result) {
    ReconstructionMetrics metrics = result.heldOut();
    List<Report.Tile> tiles = new ArrayList<>();
    tiles.add(
        new Report.Tile("FVU", text("%.3f", metrics.fvu()), "fraction of variance unexplained"));
    tiles.add(
        new Report.Tile(
            "Explained variance",
            text("%.1f %%", 100 * metrics.explainedVariance()),
            "1 − FVU, held-out text"));
    tiles.add(
        new Report.Tile(
            "L0",
            text("%.1f", metrics.l0()),
            text("active latents a token, k = %d", config.sae().k())));
    tiles.add(
        new Report.Tile(
            "Dead latents",
            text("%.1f %%", 100 * metrics.deadFraction()),
            text("of %,d, on held-out text", config.sae().dSae())));
    SplicedFigures.tile(result).ifPresent(tiles::add);
    tiles.add(new Report.Tile("Time", Progress.duration(total(result)), "from text to features"));
    return tiles;
  }

  private static double total(QuickstartResult result) {
    return result.seconds().getOrDefault("total", 0.0);
  }

  private static List<Figure> figures(
      QuickstartConfig config,
      QuickstartResult result,
      List<StepMetrics> history,
      LatentDensity density) {
    double fvu = result.heldOut().fvu();
    return List.of(
        curve(
            "FVU",
            "Fraction of the variance of each batch that is not explained; lower is better.",
            "FVU",
            history,
            StepMetrics::fvu,
            Optional.of(new LineChart.Level(text("held out: %.3f", fvu), fvu))),
        curve(
            "Loss",
            "Squared error over the batch's variance, and the loss that revives dead latents.",
            "loss",
            history,
            StepMetrics::loss,
            Optional.empty()),
        curve(
            "L0",
            "Mean number of active latents of a token.",
            "L0",
            history,
            StepMetrics::l0,
            Optional.empty()),
        curve(
            "Dead latents",
            text(
                "Latents that were not active on the last %,d tokens.",
                config.train().auxK().deadAfterTokens()),
            "latents",
            history,
            StepMetrics::deadLatents,
            Optional.empty()),
        curve(
            "Learning rate",
            "Rises at first, falls at the end.",
            "learning rate",
            history,
            StepMetrics::learningRate,
            Optional.empty()),
        densityChart(density));
  }

  private static LineChart curve(
      String title,
      String explanation,
      String yLabel,
      List<StepMetrics> history,
      ToDoubleFunction<StepMetrics> value,
      Optional<LineChart.Level> level) {
    List<LineChart.Point> points = new ArrayList<>();
    for (StepMetrics step : history) {
      points.add(new LineChart.Point(step.tokens(), value.applyAsDouble(step)));
    }
    return new LineChart(title, explanation, "tokens trained on", yLabel, points, level);
  }

  /** The first bar begins at or below the density of a latent that is active on one token. */
  private static BarChart densityChart(LatentDensity density) {
    int decades = (int) Math.max(1, Math.ceil(Math.log10((double) density.tokens())));
    long[] counts = density.logHistogram(-decades, decades * DENSITY_BINS_PER_DECADE);
    return new BarChart(
        "Density",
        text(
            "On which share of the held-out tokens each latent is active; %,d are on none.",
            density.dead()),
        "log10 of the share of tokens",
        "latents",
        -decades,
        1.0 / DENSITY_BINS_PER_DECADE,
        Arrays.stream(counts).boxed().toList());
  }

  private static String featuresNote(QuickstartConfig config) {
    return text(
        "Chosen by a simple rule, not by hand: latents whose %d strongest contexts, each in a document of its own,"
            + " agree on few tokens that are rare elsewhere and look alike to the model. Two thirds of them are about several tokens, one third"
            + " about one. Contexts are of the training text; colour is the activation, the peak is underlined.",
        config.report().topContexts());
  }

  private static List<Report.Metric> metrics(QuickstartResult result) {
    ReconstructionMetrics metrics = result.heldOut();
    List<Report.Metric> rows = new ArrayList<>();
    rows.addAll(
        List.of(
            metric(
                "fvu",
                metrics.fvu(),
                "Fraction of variance unexplained: sum of |x − x̂|² over sum of |x − m|², m the mean of x over all"
                    + " held-out tokens. 0 is perfect, 1 is as good as the mean."),
            metric("explained_variance", metrics.explainedVariance(), "1 − fvu."),
            metric("mse", metrics.mse(), "Mean of |x − x̂|², summed over dimensions."),
            metric("l0", metrics.l0(), "Mean number of active latents of a token."),
            metric(
                "dead_fraction",
                metrics.deadFraction(),
                text(
                    "Share of the latents that are active on none of the %,d tokens.",
                    metrics.tokens())),
            metric(
                "shrinkage",
                metrics.shrinkage(),
                "Mean of |x̂| / |x|: below 1 when reconstructions are too short."),
            metric(
                "relative_reconstruction_bias",
                metrics.relativeReconstructionBias(),
                "Sum of |x̂|² over sum of x · x̂: 1 is unbiased."),
            metric("cosine", metrics.cosine(), "Mean cosine of x and x̂.")));
    rows.addAll(SplicedFigures.metrics(result));
    return rows;
  }

  static Report.Metric metric(String name, double value, String definition) {
    return new Report.Metric(name, text("%.4f", value), definition);
  }

  private static List<Report.Settings> settings(
      QuickstartConfig config, Environment environment, QuickstartResult result) {
    TrainConfig train = config.train();
    return List.of(
        new Report.Settings(
            "Model and text",
            List.of(
                setting("run", result.id()),
                setting("model", config.model()),
                setting("hook", config.hook()),
                setting("text", result.text()),
                setting("context", text("%d tokens", config.harvest().maxContext())),
                setting("training data", text("%,d tokens", result.trainTokens())),
                setting("held-out data", text("%,d tokens", result.heldOutTokens())))),
        new Report.Settings(
            "Autoencoder and training",
            List.of(
                setting(
                    "architecture", config.sae().architecture().name().toLowerCase(Locale.ROOT)),
                setting("d_sae", text("%,d", config.sae().dSae())),
                setting("k", text("%d", config.sae().k())),
                setting("tokens", text("%,d", (long) train.steps() * train.batchSize())),
                setting("batch", text("%,d tokens", train.batchSize())),
                setting("learning rate", text("%.2g", train.peakLearningRate(config.sae().dSae()))),
                setting("seed", text("%d", train.seed())))),
        new Report.Settings("Environment", environment(environment)),
        new Report.Settings("Seconds", seconds(result.seconds())));
  }

  private static List<Report.Setting> environment(Environment environment) {
    return List.of(
        setting("device", environment.device()),
        setting("cores", text("%d", environment.cores())),
        setting("Java", environment.java()),
        setting("system", environment.os()),
        setting("mechinterp", environment.mechinterp()));
  }

  private static List<Report.Setting> seconds(Map<String, Double> seconds) {
    List<Report.Setting> rows = new ArrayList<>();
    seconds.forEach((stage, time) -> rows.add(setting(stage, text("%.1f", time))));
    return rows;
  }

  private static Report.Setting setting(String name, String value) {
    return new Report.Setting(name, value);
  }

  // The annotation that is asked for would be the only use of its library.
  @SuppressWarnings("AnnotateFormatMethod")
  static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
