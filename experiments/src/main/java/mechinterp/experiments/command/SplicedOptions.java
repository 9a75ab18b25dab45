package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import mechinterp.device.Device;
import mechinterp.experiments.console.LoadProgress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Splicing;
import mechinterp.experiments.run.UnrelatedText;
import mechinterp.metrics.Splice;
import mechinterp.metrics.SplicedLoss;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whether reconstructions are put into a model, and which. */
final class SplicedOptions {
  @Option(
      names = "--model",
      paramLabel = "M",
      description = {
        "Also put reconstructions into this model, and measure what it predicts then.",
        ModelOptions.DESCRIPTION
      })
  private Optional<String> model = Optional.empty();

  @Option(
      names = "--spliced-text",
      paramLabel = "FILE",
      description = "Text for that, a document a line. Default: Europarl.")
  private Optional<Path> text = Optional.empty();

  @Option(
      names = "--spliced-tokens",
      paramLabel = "N",
      description = "About how many tokens of it. Default: ${DEFAULT-VALUE}.")
  private int tokens = 8192;

  @Mixin private OfflineOption offline;

  /**
   * Returns what was measured, if a model was named.
   *
   * @param splicer puts what is evaluated into a model
   */
  Optional<SplicedLoss.Result> measure(
      Device device, ResultOutput output, Function<Transformer, Splice> splicer)
      throws IOException {
    if (model.isEmpty()) {
      return Optional.empty();
    }
    LoadProgress progress = new LoadProgress(output.progress());
    Transformer loaded = Models.load(model.get(), device, offline.options().with(progress));
    Splice splice = splicer.apply(loaded);
    return Optional.of(
        Splicing.measure(splice, UnrelatedText.read(text, loaded, tokens), output.progress()));
  }
}
