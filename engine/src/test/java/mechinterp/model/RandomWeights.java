package mechinterp.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import mechinterp.random.RandomStream;

/** Random weights for a config, under canonical names: gains about 1, the rest about 0. */
public final class RandomWeights implements Weights {
  private static final double DEVIATION = 0.4;

  private final Map<String, List<Integer>> shapes;
  private final Map<String, float[]> values = new LinkedHashMap<>();

  /** Makes the weights of a seed. */
  public RandomWeights(TransformerConfig config, long seed) {
    shapes = WeightNames.shapes(config);
    shapes.forEach((name, shape) -> values.put(name, random(name, shape, seed)));
  }

  private static float[] random(String name, List<Integer> shape, long seed) {
    float[] numbers = new float[shape.stream().reduce(1, Math::multiplyExact)];
    RandomStream.of(seed, name).fillGaussian(numbers, 0, DEVIATION);
    if (name.endsWith(".w")) {
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] += 1;
      }
    }
    return numbers;
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
    float[] numbers = Objects.requireNonNull(values.get(name), name);
    numbers[numbers.length - 1] = last;
    return this;
  }

  @Override
  public String source() {
    return "random weights";
  }

  @Override
  public Set<String> names() {
    return values.keySet();
  }

  @Override
  public boolean contains(String name) {
    return values.containsKey(name);
  }

  @Override
  public List<Integer> shape(String name) {
    return Objects.requireNonNull(shapes.get(name), name);
  }

  @Override
  public float[] floats(String name) {
    return Objects.requireNonNull(values.get(name), name).clone();
  }
}
