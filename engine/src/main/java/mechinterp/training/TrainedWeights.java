package mechinterp.training;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.model.Transformer;
import mechinterp.model.WeightNames;
import mechinterp.model.Weights;
import mechinterp.nn.Parameter;

/** The present weights of a model that is trained, by their canonical names, to be saved. */
public final class TrainedWeights implements Weights {
  private final Transformer model;
  private final SequencedMap<String, List<Integer>> shapes;
  private final SequencedMap<String, Parameter> parameters = new LinkedHashMap<>();

  /** The weights of a model that was loaded as trainable. */
  public TrainedWeights(Transformer model) {
    this.model = model;
    this.shapes = WeightNames.shapes(model.config());
    model.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
  }

  @Override
  public String source() {
    return "weights of " + model.config().name();
  }

  @Override
  public Set<String> names() {
    return parameters.keySet();
  }

  @Override
  public boolean contains(String name) {
    return parameters.containsKey(name);
  }

  @Override
  public List<Integer> shape(String name) throws FormatException {
    var _ = parameter(name);
    return Optional.ofNullable(shapes.get(name)).orElseThrow();
  }

  @Override
  public float[] floats(String name) throws FormatException {
    return model.device().toHost(parameter(name).value());
  }

  private Parameter parameter(String name) throws FormatException {
    return Optional.ofNullable(parameters.get(name))
        .orElseThrow(() ->
            new FormatException(source(), "have no %s; they have %s".formatted(name, names())));
  }
}
