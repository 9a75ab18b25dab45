package mechinterp.analysis.explanation;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Explanations of an autoencoder's latents.
 *
 * @param judge the model that was asked
 * @param model the identity of the model whose activations were looked at
 * @param hook where they are
 * @param latents d_sae
 * @param config what the judge was shown and asked
 * @param explanations the latents that were explained, by number
 */
public record Explanations(
    String judge,
    String model,
    String hook,
    int latents,
    ExplanationConfig config,
    List<LatentExplanation> explanations) {
  /**
   * Keeps the list.
   *
   * @throws IllegalArgumentException when an explanation is of no such latent, or one is there
   *     twice
   */
  public Explanations {
    explanations = List.copyOf(explanations);
    int before = -1;
    for (LatentExplanation each : explanations) {
      if (each.latent() <= before || each.latent() >= latents) {
        throw new IllegalArgumentException(
            "explanations: latent %d comes after %d; they must rise and be below %d"
                .formatted(each.latent(), before, latents));
      }
      before = each.latent();
    }
  }

  /**
   * Checks that they are of an autoencoder.
   *
   * @param name what the message calls the file
   * @throws IllegalArgumentException naming what differs
   */
  public void requireOf(String name, String modelIdentity, String hookPoint, int dSae) {
    require(name, "model", model, modelIdentity);
    require(name, "hook", hook, hookPoint);
    require(name, "latents", String.valueOf(latents), String.valueOf(dSae));
  }

  private static void require(String name, String field, String found, String expected) {
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(
          "%s: %s is \"%s\"; the autoencoder's is \"%s\"".formatted(name, field, found, expected));
    }
  }

  /** Returns the mean balanced accuracy of detection, if any latent has it. */
  public OptionalDouble meanDetection() {
    return mean(each -> each.detection().map(DetectionCount::balancedAccuracy));
  }

  /** Returns the mean balanced accuracy of fuzzing, if any latent has it. */
  public OptionalDouble meanFuzzing() {
    return mean(each -> each.fuzzing().map(DetectionCount::balancedAccuracy));
  }

  /** Returns the mean accuracy of finding the intruder, if any latent has it. */
  public OptionalDouble meanIntruder() {
    return mean(each -> each.intruder().map(IntruderCount::accuracy));
  }

  private OptionalDouble mean(Function<LatentExplanation, Optional<Double>> score) {
    return explanations.stream()
        .flatMap(each -> score.apply(each).stream())
        .mapToDouble(Double::doubleValue)
        .average();
  }
}
