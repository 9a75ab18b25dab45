package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.megabench.BenchAddition;
import mechinterp.experiments.megabench.BenchResults;
import mechinterp.sae.file.SaeFormats;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp megabench add}. */
@Command(
    name = "add",
    description = "Measure an autoencoder from elsewhere beside those of megabench run.")
public final class MegabenchAdd implements Callable<Integer> {
  @Mixin private SaeOption sae;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "M",
      description = "A model of the grid of DIR.")
  private String model;

  @Option(
      names = "--hook",
      required = true,
      paramLabel = "H",
      description = "A hook point of the grid of DIR.")
  private String hook;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What tables call it. Default: the last part of SAE.")
  private Optional<String> name = Optional.empty();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of megabench run.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(BenchResults.Printed cell) {}

  @Override
  public Integer call() throws IOException {
    try (Device device = deviceOptions.open()) {
      Path found = sae.find(output);
      String shown = name.orElse(String.valueOf(found.getFileName()));
      BenchResults.Printed cell =
          new BenchAddition(out, device, output.progress())
              .add(shown, SaeFormats.load(found, device), model, hook);
      output.print(
          new Result(cell),
          "%s: %d metrics of %s measured; megabench report %s shows it"
              .formatted(shown, cell.metrics().size(), hook, out));
    }
    return 0;
  }
}
