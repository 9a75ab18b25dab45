package mechinterp.experiments.command;

import java.io.IOException;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.model.LoadOptions;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import picocli.CommandLine.Option;

/** Which model. */
final class ModelOptions {
  /** What M may be, for the help of options and parameters. */
  static final String DESCRIPTION =
      "Name of a model that comes with the program, folder with config.json and safetensors, or .gguf file.";

  @Option(names = "--model", required = true, paramLabel = "M", description = DESCRIPTION)
  private String model;

  /** Returns what the user calls it. */
  String name() {
    return model;
  }

  /** Loads it, after showing how much memory it takes. */
  Transformer load(Device device, ResultOutput output) throws IOException {
    return Models.load(
        model, device, LoadOptions.frozen().with(plan -> output.progress().note(plan.toString())));
  }
}
