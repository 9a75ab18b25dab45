package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import mechinterp.circuits.Attribution;
import mechinterp.circuits.CircuitSettings;
import mechinterp.circuits.IntegrationPath;
import mechinterp.circuits.PatchDirection;
import mechinterp.circuits.TaskMetric;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.experiments.run.CircuitResult;
import mechinterp.io.Json;
import picocli.CommandLine.Option;

/** How effects are found. */
final class CircuitOptions {
  /** The steps of integrated gradients without the option. */
  static final int STEPS = 20;

  @Option(
      names = "--metric",
      paramLabel = "M",
      description =
          "logit_difference of answer and wrong token, or kl_divergence from the clean run; at the"
              + " last position. Default: ${DEFAULT-VALUE}.")
  private TaskMetric metric = TaskMetric.LOGIT_DIFFERENCE;

  @Option(
      names = "--direction",
      paramLabel = "D",
      description =
          "noising: corrupted values into the clean run; denoising: clean values into the corrupted"
              + " run. Default: ${DEFAULT-VALUE}.")
  private PatchDirection direction = PatchDirection.NOISING;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of integrated gradients. Default: ${DEFAULT-VALUE}.")
  private int steps = STEPS;

  @Option(
      names = "--path",
      paramLabel = "P",
      description =
          "What integrated gradients move: activations, of each place by itself, or inputs. Default:"
              + " inputs of edges, else activations.")
  private Optional<IntegrationPath> path = Optional.empty();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "The most tokens that run at once. Default: 512 of edges, else 4096.")
  private Optional<Integer> maxTokens = Optional.empty();

  @Option(names = "--out", required = true, paramLabel = "F", description = "JSON file to write.")
  private Path out;

  /** Returns the settings; the most tokens that run at once are those of the library. */
  CircuitSettings settings() {
    return settings(CircuitSettings.defaults().maxTokens());
  }

  /** Returns the settings, with the most tokens that run at once where the option is not given. */
  CircuitSettings settings(int usualMaxTokens) {
    return CircuitSettings.defaults()
        .withMetric(metric)
        .withDirection(direction)
        .withMaxTokens(maxTokens.orElse(usualMaxTokens));
  }

  /** Returns integrated gradients, along a path where the option is not given. */
  Attribution.IntegratedGradients integrated(IntegrationPath usualPath) {
    return new Attribution.IntegratedGradients(steps, path.orElse(usualPath));
  }

  /**
   * Returns what a file says of how its effects were found.
   *
   * @param integrated where gradients were integrated
   */
  CircuitResult.Settings used(
      Enum<?> method, Optional<Attribution.IntegratedGradients> integrated) {
    return new CircuitResult.Settings(
        CircuitMethods.label(method),
        label(metric),
        label(direction),
        integrated.map(Attribution.IntegratedGradients::steps),
        integrated.map(gradients -> label(gradients.path())),
        Optional.empty());
  }

  /** Writes the file and prints what is in it. */
  void write(CircuitResult result, ResultOutput output) throws IOException {
    Json.write(out, result);
    output.print(result, result.text(out));
  }

  /** Returns the name of a constant as files have it. */
  static String label(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
