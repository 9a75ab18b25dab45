package mechinterp.experiments.command;

import java.util.List;
import java.util.function.IntFunction;
import mechinterp.analysis.steering.LatentChange;
import picocli.CommandLine.Option;

/** What becomes of latents, at one strength or several. */
final class ChangeOptions {
  @Option(names = "--ablate", required = true, description = "Set the activation to 0.")
  private boolean ablate;

  @Option(
      names = "--clamp",
      required = true,
      split = ",",
      paramLabel = "X",
      description = "Set the activation to X, also where the latent is not active.")
  private List<Double> clamp = List.of();

  @Option(
      names = "--scale",
      required = true,
      split = ",",
      paramLabel = "X",
      description = "Multiply the activation with X.")
  private List<Double> scale = List.of();

  @Option(
      names = "--add",
      required = true,
      split = ",",
      paramLabel = "X",
      description = "Add X to the activation: the decoder row as a steering vector.")
  private List<Double> add = List.of();

  /** A change of any latent. */
  record Strength(String name, double value, IntFunction<LatentChange> of) {}

  /** Returns the changes, in the order of the command line. */
  List<Strength> strengths() {
    if (ablate) {
      return List.of(new Strength("ablate", 0, LatentChange.Ablate::new));
    }
    if (!clamp.isEmpty()) {
      return clamp.stream()
          .map(x -> new Strength("clamp", x, latent -> new LatentChange.Clamp(latent, x)))
          .toList();
    }
    if (!scale.isEmpty()) {
      return scale.stream()
          .map(x -> new Strength("scale", x, latent -> new LatentChange.Scale(latent, x)))
          .toList();
    }
    return add.stream()
        .map(x -> new Strength("add", x, latent -> new LatentChange.Add(latent, x)))
        .toList();
  }
}
