package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import mechinterp.circuits.ActivationPatching;
import mechinterp.circuits.Baseline;
import mechinterp.circuits.CircuitExample;
import mechinterp.circuits.CircuitSettings;
import mechinterp.circuits.CircuitTask;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.model.LoadOptions;
import mechinterp.model.Transformer;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp circuit task}. */
@Command(
    name = "task",
    description =
        "Show a task's prompts for a model and how well it does, and write them to a file.")
public final class CircuitTaskCommand implements Callable<Integer> {
  private static final int SHOWN = 5;

  @Mixin private ModelOptions modelOptions;
  @Mixin private TaskOptions task;

  @Option(names = "--out", required = true, paramLabel = "F", description = "JSON file to write.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /**
   * What is printed.
   *
   * @param accuracy share of clean prompts whose answer has the larger logit
   */
  record Result(
      String out,
      String model,
      String task,
      int examples,
      double cleanMetric,
      double corruptMetric,
      double accuracy) {}

  @Override
  public Integer call() throws IOException {
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, LoadOptions.frozen());
      CircuitTask loaded = task.load(model);
      Baseline baseline =
          new ActivationPatching(model, loaded, CircuitSettings.defaults(), _ -> {}).baseline();
      loaded.write(out);
      Result result =
          new Result(
              out.toString(),
              model.identity(),
              loaded.name(),
              loaded.examples().size(),
              baseline.cleanMean(),
              baseline.corruptMean(),
              baseline.accuracy());
      output.print(result, text(result, loaded.first(SHOWN).examples(), model.tokenizer()));
    }
    return 0;
  }

  private static String text(Result result, List<CircuitExample> shown, Tokenizer tokenizer) {
    StringBuilder text =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s: %d examples of %s, logit difference %.3f clean, %.3f corrupted, %.0f %%"
                    + " right%n",
                result.out(),
                result.examples(),
                result.task(),
                result.cleanMetric(),
                result.corruptMetric(),
                100 * result.accuracy()));
    if (tokenizer.vocabularySize() > 0) {
      for (CircuitExample example : shown) {
        text.append(
            "  %s | %s | %s or %s%n"
                .formatted(
                    tokenizer.decode(example.cleanIds(), SpecialTokens.OMIT),
                    tokenizer.decode(example.corruptIds(), SpecialTokens.OMIT),
                    tokenizer.decode(example.answer()),
                    tokenizer.decode(example.wrong())));
      }
    }
    return text.toString();
  }
}
