package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
      split = ",",
      description =
          "Active latents of every arm, in place of what the file says; several, such as 8,16,32,"
              + " give a result for each. Runs with different numbers may share DIR.")
  private List<Integer> ks = List.of();

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

  @Option(
      names = "--rates-of",
      paramLabel = "FILE",
      description =
          "result.json of another comparison of the same arms, whose learning rates are taken:"
              + " nothing is tuned.")
  private Optional<Path> ratesOf = Optional.empty();

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed, and written as {@code result.json} and, as tables, {@code result.md}. */
  record Result(List<ArmResult> arms) {}

  /** What is printed of several numbers of active latents. */
  record ResultsByK(Map<Integer, Result> k) {}

  @Override
  public Integer call() throws IOException {
    ComparisonConfig settings = settings();
    try (Device device = deviceOptions.open();
        Comparison comparison = new Comparison(settings.data(), out, device, output.progress())) {
      if (ks.isEmpty()) {
        Result result = new Result(comparison.run(List.of(settings)).getFirst());
        write(device, "", settings, result);
        output.print(result, ComparisonTable.text(result.arms()));
      } else {
        runEachK(comparison, device, settings);
      }
    }
    return 0;
  }

  private void runEachK(Comparison comparison, Device device, ComparisonConfig settings)
      throws IOException {
    List<ComparisonConfig> configs = ks.stream().map(settings::withK).toList();
    List<List<ArmResult>> results = comparison.run(configs);
    Map<Integer, Result> byK = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < ks.size(); i++) {
      Result result = new Result(results.get(i));
      write(device, "-k" + ks.get(i), configs.get(i), result);
      byK.put(ks.get(i), result);
      text.append("k ").append(ks.get(i)).append('\n');
      text.append(ComparisonTable.text(result.arms())).append('\n');
    }
    output.print(new ResultsByK(byK), text.toString());
  }

  private void write(Device device, String point, ComparisonConfig config, Result result)
      throws IOException {
    String suffix = point + tokens.map("-tokens%d"::formatted).orElse("");
    Json.write(out.resolve("config" + suffix + ".json"), config);
    Json.write(out.resolve("environment" + suffix + ".json"), Environment.of(device));
    Json.write(out.resolve("result" + suffix + ".json"), result);
    String tables = ComparisonTable.markdown(result.arms());
    AtomicFile.write(
        out.resolve("result" + suffix + ".md"),
        file -> file.write(tables.getBytes(StandardCharsets.UTF_8)));
  }

  private ComparisonConfig settings() throws IOException {
    ComparisonConfig read = Json.read(config, ComparisonConfig.class);
    ComparisonConfig ofHook = hook.map(read::withHook).orElse(read);
    ComparisonConfig ofTokens = tokens.map(ofHook::withTokens).orElse(ofHook);
    return ratesOf.isEmpty() ? ofTokens : ofTokens.withLearningRates(chosenIn(ratesOf.get()));
  }

  private static Map<String, Double> chosenIn(Path result) throws IOException {
    return Json.read(result, Result.class).arms().stream()
        .collect(Collectors.toMap(ArmResult::name, ArmResult::learningRate));
  }
}
