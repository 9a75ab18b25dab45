package mechinterp.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Weights that a test makes, zeros to begin with. */
public abstract class WeightsInMemory implements Weights {
  /** The shape of each weight. */
  protected final Map<String, List<Integer>> shapes;

  /** The numbers of each weight, in the order of the shapes. */
  protected final Map<String, float[]> values = new LinkedHashMap<>();

  private final String source;

  /** Makes zeros. */
  protected WeightsInMemory(String source, Map<String, List<Integer>> shapes) {
    this.source = source;
    this.shapes = shapes;
    shapes.forEach((name, shape) ->
        values.put(name, new float[shape.stream().reduce(1, Math::multiplyExact)]));
  }

  /** Returns the numbers of a weight, to write to. */
  protected float[] numbers(String name) {
    return Objects.requireNonNull(values.get(name), name);
  }

  @Override
  public String source() {
    return source;
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
    return numbers(name).clone();
  }
}
