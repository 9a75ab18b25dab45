package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import mechinterp.io.DType;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.Weights;
import mechinterp.model.gpt2.Gpt2Files;
import mechinterp.random.RandomStream;

/** A language model of GPT-2's architecture with random weights and without a tokenizer. */
final class TinyLanguageModel implements Weights {
  static final int VOCABULARY = 19;
  static final int CONTEXT = 12;

  private static final TransformerConfig CONFIG =
      new TransformerConfig(
          "tiny",
          10,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.LAYER, 1e-5f),
          EmbeddingConfig.learnedPositions(VOCABULARY, CONTEXT),
          AttentionConfig.plain(2, 5, true),
          Collections.nCopies(2, LayerAttention.plain()),
          new MlpConfig(7, ActivationFunction.GELU_TANH, false, true),
          Optional.of(UnembedConfig.plain(true)));

  private final Map<String, List<Integer>> shapes = WeightNames.shapes(CONFIG);

  private TinyLanguageModel() {}

  /** Writes the model into a folder that exists. */
  static void write(Path folder) throws IOException {
    Gpt2Files.write(
        folder,
        CONFIG,
        new TinyLanguageModel(),
        DType.F32,
        OptionalInt.empty(),
        OptionalInt.empty());
  }

  @Override
  public String source() {
    return "random";
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
    return Optional.ofNullable(shapes.get(name)).orElseThrow();
  }

  @Override
  public float[] floats(String name) {
    float[] values = new float[shape(name).stream().reduce(1, Math::multiplyExact)];
    RandomStream.of(1, name).fillGaussian(values, 0, 0.5);
    return values;
  }
}
