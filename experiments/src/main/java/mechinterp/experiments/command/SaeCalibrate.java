package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.SaeSource;
import mechinterp.sae.HybridSae;
import mechinterp.sae.file.LoadedSae;
import mechinterp.sae.file.SaeFiles;
import mechinterp.sae.file.SaeFormats;
import mechinterp.tensor.FloatMatrix;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp sae calibrate}. */
@Command(
    name = "calibrate",
    description = {
      "Find the least code with which the full codes of a hybrid have k latents in the mean, so"
          + " that",
      "tokens share them out, and write the hybrid with it."
    })
public final class SaeCalibrate implements Callable<Integer> {
  @Mixin private SaeOption sae;

  @ArgGroup(multiplicity = "1")
  private ActivationSource source;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most activations to look at. Default: ${DEFAULT-VALUE}.")
  private int tokens = 32_768;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write, missing or empty.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String out, double leastCode, int k, int mostActive, int tokens) {}

  @Override
  public Integer call() throws IOException {
    if (tokens < 1) {
      throw new IllegalArgumentException("--tokens: is " + tokens + "; it must be at least 1");
    }
    try (Device device = deviceOptions.open();
        ActivationStore opened = source.open()) {
      LoadedSae loaded = SaeFormats.load(sae.find(output), device);
      ActivationStore store = SaeSource.fitting(loaded, opened);
      if (!(loaded.sae() instanceof HybridSae hybrid)) {
        throw new IllegalArgumentException(
            "%s: is %s; only a hybrid has full codes"
                .formatted(sae, loaded.sae().config().architecture()));
      }
      FloatMatrix sample = sample(store, device);
      HybridSae calibrated = hybrid.withMeanL0(sample);
      SaeFiles.save(calibrated, out, loaded.metadata());
      print(calibrated, sample.rows());
    }
    return 0;
  }

  /** Takes the first activations. */
  private FloatMatrix sample(ActivationStore store, Device device) {
    int count = Math.min(tokens, store.tokens());
    float[] rows = new float[Math.multiplyExact(count, store.dIn())];
    store.read(0, count, rows, 0);
    return device.matrix(count, store.dIn(), rows);
  }

  private void print(HybridSae calibrated, int count) {
    Result result =
        new Result(
            out.toString(),
            calibrated.config().leastCode().orElseThrow(),
            calibrated.config().k(),
            calibrated.config().pursuit().mostActive(),
            count);
    output.print(
        result,
        String.format(
            Locale.ROOT,
            "%s: full codes of at least %.6g, %d latents in the mean of %,d tokens, at most %d",
            out,
            result.leastCode(),
            result.k(),
            count,
            result.mostActive()));
  }
}
