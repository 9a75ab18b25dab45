package mechinterp.model;

import java.io.IOException;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.nn.Embedding;
import mechinterp.nn.LayerNorm;
import mechinterp.nn.Linear;
import mechinterp.tensor.FloatMatrix;

/** Makes layers on a device from weights, checking every shape against the model's sizes. */
public final class WeightLoader {
  private final Weights weights;
  private final Device device;

  /**
   * Makes a loader.
   *
   * @param weights where the numbers come from
   * @param device where the layers compute
   */
  public WeightLoader(Weights weights, Device device) {
    this.weights = weights;
    this.device = device;
  }

  /** Returns where the layers compute. */
  public Device device() {
    return device;
  }

  /**
   * Returns the layer of {@code NAME.weight} [in, out] and {@code NAME.bias} [out].
   *
   * @throws FormatException when a weight is missing or has another shape
   */
  public Linear linear(String name, int in, int out) throws IOException {
    return new Linear(device, matrix(name + ".weight", in, out), row(name + ".bias", out));
  }

  /**
   * Returns the layer of {@code NAME.weight} and {@code NAME.bias}, both [width].
   *
   * @throws FormatException when a weight is missing or has another shape
   */
  public LayerNorm layerNorm(String name, int width, float epsilon) throws IOException {
    return new LayerNorm(device, row(name + ".weight", width), row(name + ".bias", width), epsilon);
  }

  /**
   * Returns the layer of {@code NAME.weight} [ids, width].
   *
   * @throws FormatException when the weight is missing or has another shape
   */
  public Embedding embedding(String name, int ids, int width) throws IOException {
    return new Embedding(device, matrix(name + ".weight", ids, width));
  }

  private FloatMatrix row(String name, int width) throws IOException {
    requireShape(name, List.of(width));
    return device.matrix(1, width, weights.floats(name));
  }

  private FloatMatrix matrix(String name, int rows, int cols) throws IOException {
    requireShape(name, List.of(rows, cols));
    return device.matrix(rows, cols, weights.floats(name));
  }

  private void requireShape(String name, List<Integer> expected) throws IOException {
    List<Integer> shape = weights.shape(name);
    if (!shape.equals(expected)) {
      throw new FormatException(
          weights.source(), "%s has shape %s; expected %s".formatted(name, shape, expected));
    }
  }
}
