package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.text.SplitText;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;
import picocli.CommandLine.Option;

/** On what activations latents are looked at: a store, or text that is run through the model. */
final class FeatureSource {
  private static final int LONGEST_CONTEXT = 256;

  @Option(
      names = "--store",
      paramLabel = "STORE",
      description = "Folder that harvest wrote. Default: run text through the model.")
  private Optional<Path> storeFolder = Optional.empty();

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Text, a document a line, when there is no store; also names documents.")
  private Optional<Path> text = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens of the text. Default: ${DEFAULT-VALUE}.")
  private int tokens = 200_000;

  /**
   * Checks that there is one.
   *
   * @throws IllegalArgumentException when there is neither
   */
  void requireGiven() {
    if (storeFolder.isEmpty() && text.isEmpty()) {
      throw new IllegalArgumentException("--store or --text: one must be given");
    }
  }

  /** Opens the store, or runs the text through the model and keeps its activations in memory. */
  ActivationStore open(Transformer model, List<HookPoint> sites, ResultOutput output)
      throws IOException {
    if (storeFolder.isPresent()) {
      return ActivationStore.open(storeFolder.get());
    }
    Corpus corpus = Corpus.text(text.orElseThrow());
    int context = Math.min(LONGEST_CONTEXT, model.config().nCtx());
    Harvester harvester = Harvester.of(model, sites).with(HarvestConfig.ofContext(context));
    return Harvesting.run(
        harvester, tokens, ready -> ready.collect(corpus, tokens), output.progress());
  }

  /** Returns the name of the text, or of the store where there is no text. */
  String textName() {
    return String.valueOf(text.or(() -> storeFolder).orElseThrow().getFileName());
  }

  /** Returns the names of documents: those of the text, or their numbers where only a store is. */
  IntFunction<String> documentNames() throws IOException {
    if (text.isEmpty()) {
      return number -> "document " + number;
    }
    List<String> names =
        SplitText.first(Corpus.text(text.get()), Integer.MAX_VALUE).stream()
            .map(Document::id)
            .toList();
    return number -> number < names.size() ? names.get(number) : "document " + number;
  }
}
