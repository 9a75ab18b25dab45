package mechinterp.model.family;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import mechinterp.model.Weights;

/** Weights made by hand: the numbers of each tensor are 0, 1, 2, ... from a first one on. */
final class MapWeights implements Weights {
  private final Map<String, List<Integer>> shapes = new LinkedHashMap<>();
  private final Map<String, float[]> numbers = new LinkedHashMap<>();

  MapWeights put(String name, int first, Integer... shape) {
    int size = 1;
    for (int dimension : shape) {
      size *= dimension;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = first + i;
    }
    shapes.put(name, List.of(shape));
    numbers.put(name, values);
    return this;
  }

  MapWeights remove(String name) {
    shapes.remove(name);
    return this;
  }

  @Override
  public String source() {
    return "tiny.safetensors";
  }

  @Override
  public Set<String> names() {
    return shapes.keySet();
  }

  @Override
  public boolean contains(String name) {
    return shapes.containsKey(name);
  }

  @Override
  public List<Integer> shape(String name) {
    return Objects.requireNonNull(shapes.get(name));
  }

  @Override
  public float[] floats(String name) {
    return Objects.requireNonNull(numbers.get(name)).clone();
  }
}
