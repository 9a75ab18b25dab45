package mechinterp.experiments.languagemodel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.experiments.console.Progress;
import mechinterp.experiments.report.LineChart;
import mechinterp.experiments.report.SvgFile;
import mechinterp.experiments.run.Environment;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Json;
import mechinterp.io.hub.MavenArtifacts;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerBuilder;
import mechinterp.model.TransformerConfig;
import mechinterp.tokenizer.BpeTrainer;
import mechinterp.tokenizer.SplitRule;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;
import mechinterp.tokenizer.TrainedBpe;
import mechinterp.training.Checkpoints;
import mechinterp.training.InitialWeights;
import mechinterp.training.LanguageModelListener;
import mechinterp.training.LanguageModelMetrics;
import mechinterp.training.LanguageModelTrainer;

/**
 * From text to a model: reads the text, trains the tokenizer and the model, and measures the model
 * as it is saved, beside the trigram. The run's folder gets {@code tokenizer} and {@code
 * checkpoints} while it is under way, and at the end {@code model}, a folder that {@code
 * transformers} loads too, and the files that tell of the run.
 */
public final class LanguageModelRun {
  private final LanguageModelConfig config;
  private final MavenArtifacts maven;
  private final Device device;
  private final Progress.Display display;

  /** A run of {@code config} on {@code device}. */
  public LanguageModelRun(
      LanguageModelConfig config, MavenArtifacts maven, Device device, Progress.Display display) {
    this.config = config;
    this.maven = maven;
    this.device = device;
    this.display = display;
  }

  /** Returns where a run in a folder puts its model. */
  public static Path model(Path folder) {
    return folder.resolve("model");
  }

  /** Returns the states of a run in a folder. */
  public static Checkpoints checkpoints(LanguageModelConfig config, Path folder) {
    LanguageModelConfig.Checkpoints settings = config.checkpoints();
    return new Checkpoints(folder.resolve("checkpoints"), settings.everySteps(), settings.kept());
  }

  /**
   * Trains to the end, from the newest checkpoint in the folder if there is one, and writes the
   * model.
   *
   * @param folder of the run
   * @throws IOException when text cannot be read, or the folder cannot be read or written
   * @throws IllegalArgumentException when a checkpoint belongs to other settings
   * @throws mechinterp.training.TrainingException when the loss is not finite
   */
  public LanguageModelResult run(Path folder) throws IOException {
    TrainingText text = TrainingText.read(config.text(), maven);
    Path tokenizerFolder = folder.resolve("tokenizer");
    Tokenizer tokenizer = tokenizer(text, tokenizerFolder);
    EncodedText encoded = EncodedText.of(text, tokenizer, config.model().nCtx(), display);
    Transformer model = initialModel(tokenizer);
    List<LanguageModelMetrics> history = train(model, encoded, checkpoints(config, folder));
    LanguageModelResult result =
        new ModelFolder(config, encoded, history, display)
            .write(model(folder), model, tokenizerFolder);
    writeAccount(folder, result, history);
    return result;
  }

  private Tokenizer tokenizer(TrainingText text, Path target) throws IOException {
    if (!Files.exists(target)) {
      TrainedBpe trained =
          new BpeTrainer(config.vocabularySize(), SplitRule.GPT2, List.of(EncodedText.END_OF_TEXT))
              .train(text.shuffled(TrainingText.Part.TRAINING));
      AtomicFolder.write(
          target,
          folder ->
              trained.write(
                  folder, EncodedText.END_OF_TEXT, EncodedText.END_OF_TEXT, config.model().nCtx()));
    }
    return Tokenizers.read(target);
  }

  private Transformer initialModel(Tokenizer tokenizer) throws IOException {
    TransformerConfig transformer = config.transformer();
    return TransformerBuilder.build(
        transformer,
        config.name() + " in training",
        new InitialWeights(transformer, config.train().seed()),
        tokenizer,
        device,
        new LoadOptions(true));
  }

  private List<LanguageModelMetrics> train(
      Transformer model, EncodedText text, Checkpoints checkpoints) throws IOException {
    LanguageModelTrainer trainer =
        new LanguageModelTrainer(model, config.train(), text.training(), text.validation());
    int context = config.model().nCtx();
    long tokens = (long) config.train().steps(context) * config.train().batchWindows() * context;
    try (Progress progress = display.start("train", tokens, "tokens")) {
      return trainer.train(listener(progress), checkpoints);
    }
  }

  private LanguageModelListener listener(Progress progress) {
    return new LanguageModelListener() {
      private String validation = "";

      @Override
      public void planned(MemoryPlan plan) {
        display.out().println(plan);
      }

      @Override
      public void step(LanguageModelMetrics metrics, int steps) {
        metrics.validationLoss().ifPresent(loss -> validation = "  validation " + format(loss));
        progress.update(
            metrics.tokens(),
            "step %d of %d  loss %s%s"
                .formatted(metrics.step(), steps, format(metrics.loss()), validation));
      }
    };
  }

  private static String format(double loss) {
    return String.format(Locale.ROOT, "%.4f", loss);
  }

  private void writeAccount(
      Path folder, LanguageModelResult result, List<LanguageModelMetrics> history)
      throws IOException {
    Json.write(folder.resolve("config.json"), config);
    Json.write(folder.resolve("environment.json"), Environment.of(device));
    Json.write(folder.resolve("result.json"), result);
    Files.write(
        folder.resolve("metrics.jsonl"),
        history.stream().map(Json::compact).toList(),
        StandardCharsets.UTF_8);
    Files.writeString(folder.resolve("loss.svg"), SvgFile.of(lossCurve(history)));
  }

  private LineChart lossCurve(List<LanguageModelMetrics> history) {
    double last = history.getLast().validationLoss().orElseThrow();
    return new LineChart(
        "Training loss of " + config.name(),
        "The mean of each step's batch; the line is the validation loss at the end.",
        "tokens",
        "cross-entropy in nats a token",
        history.stream().map(step -> new LineChart.Point(step.tokens(), step.loss())).toList(),
        Optional.of(new LineChart.Level("validation " + format(last), last)));
  }
}
