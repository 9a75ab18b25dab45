package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.HarvestConfig;
import mechinterp.activation.Harvester;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.RunFiles;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp harvest}. */
@Command(
    name = "harvest",
    description = "Run text through a model and store the activations at hook points.")
public final class Harvest implements Callable<Integer> {
  private static final int LONGEST_DEFAULT_CONTEXT = 1024;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "M",
      description = "all-MiniLM-L6-v2, or a folder with model.onnx and tokenizer.json.")
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
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens to store. Default: all that the text has.")
  private int tokens = Harvesting.ALL;

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
      description = "Store the activations of special tokens such as [CLS] too.")
  private boolean specialTokens;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "STORE",
      description = "Folder to write; it must be missing or empty.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String store, int tokens, int dIn, ActivationIdentity identity) {}

  @Override
  public Integer call() throws IOException {
    RunFiles.requireFree(out);
    List<HookPoint> sites = hooks.stream().map(HookPoint::parse).toList();
    Corpus corpus = paragraphs ? Corpus.paragraphs(text) : Corpus.text(text);
    try (Device device = deviceOptions.open()) {
      Transformer transformer = Models.load(model, device);
      HarvestConfig config =
          HarvestConfig.ofContext(
                  context.orElse(Math.min(LONGEST_DEFAULT_CONTEXT, transformer.config().nCtx())))
              .withSpecialTokens(specialTokens)
              .withPrependBos(!noBos);
      Harvester harvester = Harvester.of(transformer, sites).with(config);
      try (ActivationStore store =
          Harvesting.run(
              harvester, tokens, ready -> ready.collect(corpus, tokens, out), output.progress())) {
        Result result =
            new Result(out.toString(), store.tokens(), store.dIn(), store.identity().orElseThrow());
        output.print(
            result,
            String.format(
                Locale.ROOT,
                "%s: %,d tokens of %s at %s, d_in %d",
                out,
                store.tokens(),
                transformer.config().name(),
                store.identity().orElseThrow().hook(),
                store.dIn()));
      }
    }
    return 0;
  }
}
