package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Corpus;
import mechinterp.activation.Harvester;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Harvesting;
import mechinterp.experiments.run.RunFiles;
import mechinterp.experiments.run.SaeSource;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp harvest}. */
@Command(
    name = "harvest",
    description = "Run text through a model and store the activations at hook points.")
public final class Harvest implements Callable<Integer> {
  @ArgGroup(exclusive = false, multiplicity = "1")
  private ModelText text;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens to store. Default: all that the text has.")
  private int tokens = Harvesting.ALL;

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
    Corpus corpus = text.corpus();
    try (Device device = deviceOptions.open()) {
      Harvester harvester = text.harvester(device);
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
                SaeSource.modelName(result.identity()),
                result.identity().hook(),
                store.dIn()));
      }
    }
    return 0;
  }
}
