package mechinterp.model;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.io.FormatException;
import mechinterp.kernel.Kernels;
import mechinterp.model.stage.Stages;
import mechinterp.nn.Embedding;
import mechinterp.nn.Linear;
import mechinterp.nn.Unembed;
import mechinterp.nn.Weight;
import mechinterp.tokenizer.Tokenizer;

/** Makes a transformer of its config and of weights under the names of {@link WeightNames}. */
public final class TransformerBuilder {
  private final TransformerConfig config;
  private final WeightLoader loader;
  private final Device device;

  private TransformerBuilder(TransformerConfig config, WeightLoader loader) {
    this.config = config;
    this.loader = loader;
    this.device = loader.device();
  }

  /**
   * Makes a model.
   *
   * @param config what it is
   * @param identity its name and the SHA-256 of its weights
   * @param weights exactly those of {@link WeightNames#shapes}
   * @param tokenizer what makes its tokens
   * @param device where it computes
   * @param options whether the weights can be trained
   * @throws FormatException when a weight is missing, has another shape or has no place in the
   *     model
   * @throws IllegalArgumentException when the tokenizer has ids that the model has no vector for
   * @throws mechinterp.device.InsufficientMemoryException when {@link #plan} does not fit
   */
  public static Transformer build(
      TransformerConfig config,
      String identity,
      Weights weights,
      Tokenizer tokenizer,
      Device device,
      LoadOptions options)
      throws IOException {
    requireNoOthers(config, weights);
    plan(config, device, options).requireFits(device);
    WeightLoader loader = new WeightLoader(config, weights, device, options.trainable());
    TransformerLayers layers = new TransformerBuilder(config, loader).layers();
    return new Transformer(config, identity, tokenizer, device, layers);
  }

  private static void requireNoOthers(TransformerConfig config, Weights weights)
      throws FormatException {
    TreeSet<String> others = new TreeSet<>(weights.names());
    others.removeAll(WeightNames.shapes(config).keySet());
    if (!others.isEmpty()) {
      throw new FormatException(
          weights.source(),
          "has %s; %s has no such weight"
              .formatted(weights.nameInFile(others.getFirst()), config.name()));
    }
  }

  private TransformerLayers layers() throws IOException {
    Weight vectors = loader.weight(WeightNames.W_E);
    Optional<Linear> unembedding = unembedding(vectors);
    List<Stage> stages = Stages.of(config, embedding(vectors, unembedding), loader);
    return new TransformerLayers(
        stages,
        unembedding.map(linear -> new Unembed(device, linear, softCap())),
        loader.parameters(),
        loader.linears());
  }

  private Optional<Linear> unembedding(Weight vectors) throws IOException {
    if (config.unembed().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        isTied() ? loader.transposed(vectors, WeightNames.B_U) : loader.linear("unembed.", "U"));
  }

  private Embedding embedding(Weight vectors, Optional<Linear> unembedding) {
    boolean shared = isTied() && !loader.isTrainable();
    return shared ? Embedding.tied(unembedding.orElseThrow()) : Embedding.of(device, vectors);
  }

  private boolean isTied() {
    return config.unembed().map(UnembedConfig::tied).orElse(false);
  }

  private float softCap() {
    return config.unembed().map(UnembedConfig::softCap).orElse(0f);
  }

  /** Returns the memory that the weights of a model take. */
  public static MemoryPlan plan(TransformerConfig config, Device device, LoadOptions options) {
    Sizer sizer = new Sizer(config, device.kernels(), options.trainable());
    MemoryPlan plan = MemoryPlan.empty("weights of " + config.name());
    for (var weight : WeightNames.shapes(config).entrySet()) {
      plan = plan.with(weight.getKey(), sizer.bytes(weight.getKey(), weight.getValue()));
    }
    for (RotaryConfig rotary : rotaries(config)) {
      plan = plan.with("angles of " + rotary, 4L * config.nCtx() * rotary.dRotary());
    }
    return plan;
  }

  private static List<RotaryConfig> rotaries(TransformerConfig config) {
    return config.layers().stream().flatMap(layer -> layer.rotary().stream()).distinct().toList();
  }

  /** Knows how weights are held. */
  private record Sizer(TransformerConfig config, Kernels kernels, boolean trainable) {
    long bytes(String name, List<Integer> shape) {
      if (shape.size() == 1) {
        return matrix(1, shape.getFirst());
      }
      int rows = shape.getFirst();
      int cols = shape.getLast();
      boolean table = name.equals(WeightNames.W_E) || isOnlyTable(name);
      if (!table) {
        return kernels.packedBytes(rows, cols) + (trainable ? matrix(rows, cols) : 0);
      }
      boolean tied =
          name.equals(WeightNames.W_E) && config.unembed().map(UnembedConfig::tied).orElse(false);
      long packed = tied ? kernels.packedBytes(cols, rows) : 0;
      return packed + (tied && !trainable ? 0 : matrix(rows, cols));
    }

    private static boolean isOnlyTable(String name) {
      return name.equals(WeightNames.W_POS) || name.equals(WeightNames.W_TOKEN_TYPE);
    }

    /** Parameters have a gradient as large as they are. */
    private long matrix(long rows, long cols) {
      return (trainable ? 8 : 4) * rows * cols;
    }
  }
}
