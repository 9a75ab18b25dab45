package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import mechinterp.activation.Corpus;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import picocli.CommandLine.Option;

/** A text that a model reads, and the hook point at which activations are taken. */
final class ModelText {
  private static final int LONGEST_DEFAULT_CONTEXT = 1024;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "M",
      description = ModelOptions.DESCRIPTION)
  private String model;

  @Option(
      names = "--hook",
      required = true,
      paramLabel = "H",
      description = {
        "Hook point with its TransformerLens name, such as blocks.3.hook_resid_post; several times",
        "for several, whose activations of the same tokens come to stand side by side."
      })
  private List<String> hooks = List.of();

  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "Text file in UTF-8; each line that is not blank is a document.")
  private Path text;

  @Option(
      names = "--paragraphs",
      description = "Blank lines part the documents of the text file, not line ends.")
  private boolean paragraphs;

  @Option(
      names = "--context",
      paramLabel = "L",
      description = {
        "Most tokens that the model sees at once; longer documents are cut.",
        "Default: what the model takes, but no more than " + LONGEST_DEFAULT_CONTEXT + "."
      })
  private Optional<Integer> context = Optional.empty();

  @Option(
      names = "--no-bos",
      description = {
        "Leave the begin of a text to the tokenizer. By default each context begins with the",
        "tokenizer's begin-of-text token, if it has one, as in TransformerLens and SAELens."
      })
  private boolean noBos;

  @Option(
      names = "--special-tokens",
      description = "Take the activations of special tokens such as [CLS] too.")
  private boolean specialTokens;

  /**
   * Returns the text.
   *
   * @throws IOException when it cannot be read
   */
  Corpus corpus() throws IOException {
    return paragraphs ? Corpus.paragraphs(text) : Corpus.text(text);
  }

  /**
   * Loads the model.
   *
   * @throws IOException when its files cannot be read
   * @throws IllegalArgumentException when it has no such hook point
   */
  Harvester harvester(Device device) throws IOException {
    List<HookPoint> sites = hooks.stream().map(HookPoint::parse).toList();
    Transformer transformer = Models.load(model, device);
    int longest = Math.min(LONGEST_DEFAULT_CONTEXT, transformer.config().nCtx());
    return Harvester.of(transformer, sites)
        .with(
            HarvestConfig.ofContext(context.orElse(longest))
                .withSpecialTokens(specialTokens)
                .withPrependBos(!noBos));
  }
}
