package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
import mechinterp.io.AtomicFile;
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
      names = "--hook",
      paramLabel = "NAME",
      description =
          "Place in the model, in place of what the file says, such as blocks.4.hook_resid_post;"
              + " each place needs a DIR of its own.")
  private Optional<String> hook = Optional.empty();

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description =
          "Tokens that every arm trains on, in place of what the file says. Runs with different"
              + " numbers may share DIR.")
  private Optional<Long> tokens = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed, and written as {@code result.json} and, as tables, {@code result.md}. */
  record Result(List<ArmResult> arms) {}

  @Override
  public Integer call() throws IOException {
    ComparisonConfig read = Json.read(config, ComparisonConfig.class);
    ComparisonConfig ofHook = hook.map(read::withHook).orElse(read);
    ComparisonConfig ofK = k.map(ofHook::withK).orElse(ofHook);
    ComparisonConfig settings = tokens.map(ofK::withTokens).orElse(ofK);
    try (Device device = deviceOptions.open();
        Comparison comparison = new Comparison(settings, out, device, output.progress())) {
      Result result = new Result(comparison.run());
      Json.write(out.resolve(named("config.json")), settings);
      Json.write(out.resolve(named("environment.json")), Environment.of(device));
      Json.write(out.resolve(named("result.json")), result);
      String tables = ComparisonTable.markdown(result.arms());
      AtomicFile.write(
          out.resolve(named("result.md")),
          file -> file.write(tables.getBytes(StandardCharsets.UTF_8)));
      output.print(result, ComparisonTable.text(result.arms()));
    }
    return 0;
  }

  private String named(String file) {
    int end = file.indexOf('.');
    return file.substring(0, end)
        + k.map("-k%d"::formatted).orElse("")
        + tokens.map("-tokens%d"::formatted).orElse("")
        + file.substring(end);
  }
}
