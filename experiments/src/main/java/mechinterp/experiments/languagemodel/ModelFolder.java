package mechinterp.experiments.languagemodel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReference;
import mechinterp.experiments.console.Progress;
import mechinterp.io.AtomicFolder;
import mechinterp.io.DType;
import mechinterp.io.Json;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.model.gpt2.Gpt2Files;
import mechinterp.training.LanguageModelMetrics;
import mechinterp.training.TrainedWeights;

/**
 * Writes a trained model as Hugging Face does, in float16, and measures what it wrote: config.json,
 * model.safetensors, tokenizer.json, tokenizer_config.json, generation_config.json and README.md.
 */
final class ModelFolder {
  private final LanguageModelConfig config;
  private final EncodedText text;
  private final List<LanguageModelMetrics> history;
  private final Progress.Display display;

  ModelFolder(
      LanguageModelConfig config,
      EncodedText text,
      List<LanguageModelMetrics> history,
      Progress.Display display) {
    this.config = config;
    this.text = text;
    this.history = history;
    this.display = display;
  }

  /** Writes the folder, which appears whole or not at all. */
  LanguageModelResult write(Path target, Transformer model, Path tokenizer) throws IOException {
    AtomicReference<LanguageModelResult> result = new AtomicReference<>();
    AtomicFolder.write(
        target,
        folder -> {
          writeModel(folder, model, tokenizer);
          LanguageModelResult measured = measure(folder, model);
          Files.writeString(folder.resolve("README.md"), ModelCard.of(config, measured));
          result.set(measured);
        });
    return result.get();
  }

  private void writeModel(Path folder, Transformer model, Path tokenizer) throws IOException {
    int endOfText = EncodedText.endOfText(model.tokenizer());
    Gpt2Files.write(
        folder,
        model.config(),
        new TrainedWeights(model),
        DType.F16,
        OptionalInt.of(endOfText),
        OptionalInt.of(endOfText));
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(tokenizer.resolve(file), folder.resolve(file));
    }
    Json.write(
        folder.resolve("generation_config.json"),
        Map.of("bos_token_id", endOfText, "eos_token_id", endOfText));
  }

  private LanguageModelResult measure(Path folder, Transformer model) throws IOException {
    Transformer saved = Models.load(folder.toString(), model.device());
    long parameters = model.parameters().stream().mapToLong(each -> each.value().size()).sum();
    return new LanguageModelResult(
        config.name(),
        parameters,
        text.training().tokens(),
        history.getLast(),
        DomainLosses.of(saved, text, display));
  }
}
