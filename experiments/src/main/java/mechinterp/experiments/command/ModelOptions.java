package mechinterp.experiments.command;

import java.io.IOException;
import mechinterp.device.Device;
import mechinterp.experiments.console.LoadProgress;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.model.LoadOptions;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model. */
final class ModelOptions {
  /** What M may be, for the help of options and parameters. */
  static final String DESCRIPTION =
      "Name of a model that comes with the program, folder with config.json and safetensors, .gguf file, or name on the Hugging Face Hub.";

  @Option(names = "--model", required = true, paramLabel = "M", description = DESCRIPTION)
  private String model;

  @Mixin private OfflineOption offline;

  /**
   * Loads it, after showing how much memory it takes.
   *
   * @param check what may speak against it, before memory is allocated
   */
  Transformer load(Device device, ResultOutput output, LoadProgress.Check check)
      throws IOException {
    return load(device, offline.options().with(new LoadProgress(output.progress(), check)));
  }

  /** Loads it so that its weights can be changed or not, after showing how much memory it takes. */
  Transformer load(Device device, ResultOutput output, LoadOptions options) throws IOException {
    LoadProgress progress = new LoadProgress(output.progress());
    return load(device, offline.of(options).with(progress));
  }

  private Transformer load(Device device, LoadOptions options) throws IOException {
    return Models.load(model, device, options);
  }
}
