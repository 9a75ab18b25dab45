package mechinterp.training;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.Weights;
import mechinterp.random.RandomStream;

/**
 * Random weights to begin training with, as GPT-2 began (Radford et al. 2019, section 2.3;
 * transformers' {@code GPT2PreTrainedModel._init_weights}): matrices of a normal distribution with
 * deviation 0.02, those that write into the residual stream with 0.02 / sqrt(2 n_layers), biases 0,
 * gains 1. Weight NAME is the random stream {@code initial/NAME} of the seed.
 */
public final class InitialWeights implements Weights {
  private static final double DEVIATION = 0.02;

  private final SequencedMap<String, List<Integer>> shapes;
  private final int layers;
  private final long seed;

  /** Weights of a model by their canonical names. */
  public InitialWeights(TransformerConfig config, long seed) {
    this.shapes = WeightNames.shapes(config);
    this.layers = config.nLayers();
    this.seed = seed;
  }

  @Override
  public String source() {
    return "initial weights of seed " + seed;
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
  public List<Integer> shape(String name) throws FormatException {
    return Optional.ofNullable(shapes.get(name))
        .orElseThrow(() ->
            new FormatException(source(), "have no %s; they have %s".formatted(name, names())));
  }

  @Override
  public float[] floats(String name) throws FormatException {
    List<Integer> shape = shape(name);
    float[] values = new float[shape.stream().reduce(1, Math::multiplyExact)];
    if (shape.size() > 1) {
      RandomStream.of(seed, "initial/" + name).fillGaussian(values, 0, deviation(name));
    } else if (name.endsWith(".w")) {
      Arrays.fill(values, 1);
    }
    return values;
  }

  private double deviation(String name) {
    boolean residual = name.endsWith(".W_O") || name.endsWith(".W_out");
    return residual ? DEVIATION / Math.sqrt(2.0 * layers) : DEVIATION;
  }
}
