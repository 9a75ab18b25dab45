package mechinterp.model;

import java.util.List;
import mechinterp.random.RandomStream;

/** Random weights for a config, under canonical names: gains about 1, the rest about 0. */
public final class RandomWeights extends WeightsInMemory {
  private static final double DEVIATION = 0.4;

  /** Makes the weights of a seed. */
  public RandomWeights(TransformerConfig config, long seed) {
    super("random weights", WeightNames.shapes(config));
    values.forEach((name, numbers) -> fill(name, numbers, seed));
  }

  private static void fill(String name, float[] numbers, long seed) {
    RandomStream.of(seed, name).fillGaussian(numbers, 0, DEVIATION);
    if (name.endsWith(".w")) {
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] += 1;
      }
    }
  }

  /** Returns these weights without one. */
  Weights without(String name) {
    values.remove(name);
    return this;
  }

  /** Returns these weights and one more. */
  Weights with(String name, List<Integer> shape) {
    shapes.put(name, shape);
    values.put(name, new float[shape.stream().reduce(1, Math::multiplyExact)]);
    return this;
  }

  /** Returns these weights with another number at the end of one. */
  Weights with(String name, float last) {
    float[] numbers = numbers(name);
    numbers[numbers.length - 1] = last;
    return this;
  }
}
