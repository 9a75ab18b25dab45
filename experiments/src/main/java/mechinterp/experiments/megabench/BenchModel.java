package mechinterp.experiments.megabench;

import java.util.Map;
import java.util.Optional;
import mechinterp.experiments.data.ActivationData;
import mechinterp.experiments.data.ModelData;
import mechinterp.experiments.data.SyntheticData;
import mechinterp.model.HookPoint;
import mechinterp.training.TrainConfig;

/**
 * A place whose activations are explained: a hook point of a model, or activations whose features
 * are known.
 *
 * @param name of the model or of the synthetic family
 * @param data its activations
 * @param train how autoencoders are trained on them, but for the seed
 * @param learningRates of kinds that need another one, by kind
 */
public record BenchModel(
    String name, ActivationData data, TrainConfig train, Map<String, Double> learningRates) {
  private static final String SYNTHETIC = "synthetic";
  private static final String MLP = "mlp.";

  /**
   * Checks the name.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public BenchModel {
    learningRates = Map.copyOf(learningRates);
    if (!name.matches("[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException(
          "models.name: is \"%s\"; it must be of letters, digits, dots, hyphens and underscores"
              .formatted(name));
    }
  }

  /** Returns the hook point's name; {@code synthetic} where there is no model. */
  public String hook() {
    return switch (data) {
      case ModelData model -> model.hook();
      case SyntheticData _ -> SYNTHETIC;
    };
  }

  /** Returns the number of the hook point's block, 0 outside of blocks. */
  public int layer() {
    return switch (data) {
      case ModelData model -> HookPoint.parse(model.hook()).layer().orElse(0);
      case SyntheticData _ -> 0;
    };
  }

  /** Returns whether the coordinates of its activations are neurons. */
  boolean hasNeurons() {
    return data instanceof ModelData model && model.hook().contains(MLP);
  }

  /** Returns how a kind is trained with a seed. */
  public TrainConfig train(String kind, long seed) {
    TrainConfig seeded = train.toBuilder().seed(seed).build();
    return Optional.ofNullable(learningRates.get(kind))
        .map(rate -> seeded.toBuilder().learningRate(rate).build())
        .orElse(seeded);
  }
}
