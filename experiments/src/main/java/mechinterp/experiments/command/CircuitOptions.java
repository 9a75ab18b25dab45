package mechinterp.experiments.command;

import java.util.Locale;
import mechinterp.circuits.Attribution;
import mechinterp.circuits.CircuitSettings;
import mechinterp.circuits.IntegrationPath;
import mechinterp.circuits.PatchDirection;
import mechinterp.circuits.TaskMetric;
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

  /** Returns the settings with a bound of the tokens that run at once. */
  CircuitSettings settings(int maxTokens) {
    return CircuitSettings.defaults()
        .withMetric(metric)
        .withDirection(direction)
        .withMaxTokens(maxTokens);
  }

  /** Returns integrated gradients along a path. */
  Attribution integrated(IntegrationPath path) {
    return new Attribution.IntegratedGradients(steps, path);
  }

  int steps() {
    return steps;
  }

  /** Returns the name of a constant as files have it. */
  static String label(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
