package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import mechinterp.device.Device;
import mechinterp.experiments.comparison.ArmResult;
import mechinterp.experiments.comparison.Comparison;
import mechinterp.experiments.comparison.ComparisonConfig;
import mechinterp.experiments.comparison.ComparisonTable;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.Environment;
import mechinterp.io.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp compare}. */
@Command(
    name = "compare",
    description = {
      "Compare kinds of autoencoders on data whose true features are known, or on a model.",
      "Learning rates are chosen on validation activations, alike for every arm; figures are of"
          + " test activations, over seeds. What is finished is kept: a run that was stopped goes"
          + " on."
    })
public final class CompareCommand implements Callable<Integer> {
  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "What to compare as JSON, such as configs/known-features.json.")
  private Path config;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder of the results, one file for each training, and of the summary.")
  private Path out;

  @Option(
      names = "--k",
      paramLabel = "N",
      description =
          "Active latents of every arm, in place of what the file says. Runs with different numbers"
              + " may share DIR.")
  private Optional<Integer> k = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description =
          "Tokens that every arm trains on, in place of what the file says. Runs with different"
              + " numbers may share DIR.")
  private Optional<Long> tokens = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed, and written as {@code result.json}. */
  record Result(List<ArmResult> arms) {}

  @Override
  public Integer call() throws IOException {
    ComparisonConfig read = Json.read(config, ComparisonConfig.class);
    ComparisonConfig ofK = k.map(read::withK).orElse(read);
    ComparisonConfig settings = tokens.map(ofK::withTokens).orElse(ofK);
    try (Device device = deviceOptions.open();
        Comparison comparison = new Comparison(settings, out, device, output.progress())) {
      Result result = new Result(comparison.run());
      Json.write(out.resolve(named("config")), settings);
      Json.write(out.resolve(named("environment")), Environment.of(device));
      Json.write(out.resolve(named("result")), result);
      output.print(result, ComparisonTable.of(result.arms()));
    }
    return 0;
  }

  private String named(String file) {
    return file
        + k.map("-k%d"::formatted).orElse("")
        + tokens.map("-tokens%d"::formatted).orElse("")
        + ".json";
  }
}
