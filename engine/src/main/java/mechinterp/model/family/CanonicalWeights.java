package mechinterp.model.family;

import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.Weights;

/**
 * A file's tensors as the canonical weights of {@link WeightNames}, each converted when it is asked
 * for: beside the weight that is returned there is at most a mebibyte or one row of the file.
 */
public final class CanonicalWeights implements Weights {
  private final Weights file;
  private final SequencedMap<String, List<Integer>> shapes;
  private final Map<String, FileWeight> places = new LinkedHashMap<>();

  private CanonicalWeights(
      Weights file, SequencedMap<String, List<Integer>> shapes, Map<String, FileWeight> places) {
    this.file = file;
    this.shapes = shapes;
    this.places.putAll(places);
  }

  /**
   * Finds all weights of a model in a file and checks their shapes, before any number is read.
   *
   * @param file the file's tensors
   * @param names the family's names
   * @param config the model
   * @throws FormatException when a tensor is missing, has another shape, or is none of the model's
   */
  public static CanonicalWeights of(Weights file, NameTable names, TransformerConfig config)
      throws IOException {
    FileNames inFile = FileNames.of(file, names);
    SequencedMap<String, List<Integer>> shapes = WeightNames.shapes(config);
    Map<String, FileWeight> places = new HashMap<>();
    for (Map.Entry<String, List<Integer>> weight : shapes.entrySet()) {
      FileWeight place = inFile.find(names.find(weight.getKey()));
      requireShape(file, place, weight.getValue());
      places.put(weight.getKey(), place);
    }
    inFile.requireNothingElse(places.values());
    return new CanonicalWeights(file, shapes, places);
  }

  private static void requireShape(Weights file, FileWeight place, List<Integer> canonical)
      throws IOException {
    List<Integer> shape = file.shape(place.tensor());
    List<Integer> expected = place.shapeInFile(canonical);
    if (!shape.equals(expected)) {
      throw new FormatException(
          file.source(),
          "tensor \"%s\" is %s; the config makes it %s".formatted(place.tensor(), shape, expected));
    }
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(shapes.keySet());
  }

  @Override
  public String nameInFile(String name) {
    return contains(name) ? place(name).tensor() : name;
  }

  @Override
  public boolean contains(String name) {
    return shapes.containsKey(name);
  }

  @Override
  public List<Integer> shape(String name) throws IOException {
    requireKnown(name);
    return Optional.ofNullable(shapes.get(name)).orElseThrow();
  }

  @Override
  public float[] floats(String name) throws IOException {
    List<Integer> shape = shape(name);
    FileWeight place = place(name);
    float[] values = new WeightReader(file, place).read(shape);
    if (place.added() != 0) {
      for (int i = 0; i < values.length; i++) {
        values[i] += place.added();
      }
    }
    return values;
  }

  private FileWeight place(String name) {
    return Optional.ofNullable(places.get(name)).orElseThrow();
  }

  private void requireKnown(String name) throws FormatException {
    if (!contains(name)) {
      throw new FormatException(
          file.source(), "gives no weight \"%s\"; this model has none".formatted(name));
    }
  }
}
