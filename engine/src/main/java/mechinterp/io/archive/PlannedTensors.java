package mechinterp.io.archive;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorInfo;

/** The tensors that an archive will hold, in their order. */
final class PlannedTensors {
  private final Map<String, Planned> tensors = new LinkedHashMap<>();

  /**
   * One of them.
   *
   * @param info its name, type and shape
   * @param source what writes its numbers
   */
  record Planned(TensorInfo info, SafetensorsWriter.Source source) {}

  /**
   * Adds a tensor.
   *
   * @throws IllegalArgumentException when the name is taken
   */
  void add(String name, DType dtype, SafetensorsWriter.Source source, long... shape) {
    if (tensors.containsKey(name)) {
      throw new IllegalArgumentException(
          "tensor \"" + name + "\" is there already; names must differ");
    }
    List<Long> dimensions = new ArrayList<>();
    long bytes = dtype.bytes();
    for (long length : shape) {
      bytes = Math.multiplyExact(bytes, length);
      dimensions.add(length);
    }
    tensors.put(name, new Planned(new TensorInfo(name, dtype, dimensions, 0, bytes), source));
  }

  List<Planned> all() {
    return List.copyOf(tensors.values());
  }
}
