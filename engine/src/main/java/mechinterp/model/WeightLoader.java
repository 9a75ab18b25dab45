package mechinterp.model;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.nn.LayerNorm;
import mechinterp.nn.Linear;
import mechinterp.nn.Parameter;
import mechinterp.nn.RmsNorm;
import mechinterp.nn.RowNorm;
import mechinterp.nn.Weight;
import mechinterp.tensor.FloatMatrix;

/**
 * Makes layers on a device from weights under canonical names, one weight at a time, checking every
 * shape against the config, and keeps account of what can be trained.
 */
public final class WeightLoader {
  private final TransformerConfig config;
  private final Weights weights;
  private final Device device;
  private final boolean trainable;
  private final SequencedMap<String, List<Integer>> shapes;
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<Linear> linears = new ArrayList<>();

  /**
   * Makes a loader.
   *
   * @param weights where the numbers come from
   * @param device where the layers compute
   * @param trainable whether weights become parameters
   */
  WeightLoader(TransformerConfig config, Weights weights, Device device, boolean trainable) {
    this.config = config;
    this.weights = weights;
    this.device = device;
    this.trainable = trainable;
    this.shapes = WeightNames.shapes(config);
  }

  /** Returns where the layers compute. */
  public Device device() {
    return device;
  }

  /** Returns whether weights become parameters. */
  public boolean isTrainable() {
    return trainable;
  }

  /**
   * Returns the layer of {@code PLACE + "W_" + letters} and, where the config has it, the bias
   * {@code PLACE + "b_" + letters}.
   *
   * @throws FormatException when a weight is missing or has another shape
   */
  public Linear linear(String place, String letters) throws IOException {
    Weight weight = weight(place + "W_" + letters);
    Optional<Weight> bias = optional(place + "b_" + letters);
    return counted(
        bias.isPresent() ? new Linear(device, weight, bias.get()) : new Linear(device, weight));
  }

  /**
   * Returns the layer that multiplies with the transpose of {@code table}.
   *
   * @param bias the name of its bias, which is used where the config has it
   * @throws FormatException when the bias is missing or has another shape
   */
  public Linear transposed(Weight table, String bias) throws IOException {
    return counted(Linear.transposed(device, table, optional(bias)));
  }

  private Linear counted(Linear linear) {
    linears.add(linear);
    return linear;
  }

  /**
   * Returns the norm of {@code NAME.w} and, for layer norms, {@code NAME.b}.
   *
   * @throws FormatException when a weight is missing or has another shape
   */
  public RowNorm norm(String name) throws IOException {
    float epsilon = config.norm().epsilon();
    return switch (config.norm().kind()) {
      case LAYER -> new LayerNorm(device, weight(name + ".w"), weight(name + ".b"), epsilon);
      case RMS -> new RmsNorm(device, weight(name + ".w"), epsilon);
    };
  }

  /**
   * Returns the RMS norm of {@code NAME.w}, if the config has that weight.
   *
   * @throws FormatException when it has another shape
   */
  public Optional<RowNorm> headNorm(String name) throws IOException {
    return optional(name + ".w").map(gain -> new RmsNorm(device, gain, config.norm().epsilon()));
  }

  /**
   * Returns a weight, if the config has it.
   *
   * @throws FormatException when it has another shape
   */
  public Optional<Weight> optional(String name) throws IOException {
    return shapes.containsKey(name) ? Optional.of(weight(name)) : Optional.empty();
  }

  /**
   * Returns a weight; vectors are [1, n].
   *
   * @throws FormatException when it is missing, has another shape, or holds NaN or an infinity
   */
  public Weight weight(String name) throws IOException {
    List<Integer> shape = requireShape(name);
    int cols = shape.getLast();
    int rows = shape.size() == 1 ? 1 : shape.getFirst();
    FloatMatrix value = device.matrix(rows, cols, finite(name));
    if (!trainable) {
      return Weight.fixed(value);
    }
    Parameter parameter = new Parameter(name, value, device.floats(rows, cols));
    parameters.add(parameter);
    return parameter;
  }

  private float[] finite(String name) throws IOException {
    float[] values = weights.floats(name);
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new FormatException(
            weights.source(),
            "tensor \"%s\" holds %s; weights must be finite numbers"
                .formatted(weights.nameInFile(name), value));
      }
    }
    return values;
  }

  private List<Integer> requireShape(String name) throws IOException {
    List<Integer> expected =
        Optional.ofNullable(shapes.get(name))
            .orElseThrow(() -> new IllegalArgumentException("no weight is called " + name));
    if (!weights.contains(name)) {
      throw new FormatException(
          weights.source(),
          "no weight %s; expected it with shape %s".formatted(weights.nameInFile(name), expected));
    }
    List<Integer> shape = weights.shape(name);
    if (!shape.equals(expected)) {
      throw new FormatException(
          weights.source(),
          "%s has shape %s; expected %s".formatted(weights.nameInFile(name), shape, expected));
    }
    return expected;
  }

  /** Returns the parameters so far, in the order of their names' list; none unless trainable. */
  List<Parameter> parameters() {
    List<String> order = List.copyOf(shapes.keySet());
    return parameters.stream()
        .sorted(Comparator.comparingInt(parameter -> order.indexOf(parameter.name())))
        .toList();
  }

  /** Returns the linear layers so far. */
  List<Linear> linears() {
    return linears;
  }
}
