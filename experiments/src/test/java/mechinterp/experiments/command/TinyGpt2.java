package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
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
import mechinterp.tokenizer.BpeTrainer;
import mechinterp.tokenizer.SplitRule;

/** A GPT-2 of two layers with random weights and a tokenizer, in a folder. */
final class TinyGpt2 {
  /** Its sizes. */
  static final TransformerConfig CONFIG =
      new TransformerConfig(
          "tiny",
          8,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.LAYER, 1e-5f),
          EmbeddingConfig.learnedPositions(300, 32),
          AttentionConfig.plain(2, 4, true),
          Collections.nCopies(2, LayerAttention.plain()),
          new MlpConfig(16, ActivationFunction.GELU_TANH, false, true),
          Optional.of(UnembedConfig.plain(true)));

  /** How many numbers its weights have. */
  static final int PARAMETERS =
      300 * 8 + 32 * 8 + 2 * (4 * 72 + 8 * 16 + 16 + 16 * 8 + 8 + 32) + 16;

  private static final String END = "<|endoftext|>";

  private TinyGpt2() {}

  /** Writes the model with a tokenizer of as many tokens as it has vectors. */
  static void write(Path folder) throws IOException {
    writeWeights(folder, 1, OptionalInt.of(299));
    writeTokenizer(folder, 300);
  }

  /**
   * Writes the weights.
   *
   * @param scale what they are multiplied with
   * @param eos the token that ends a text
   */
  static void writeWeights(Path folder, float scale, OptionalInt eos) throws IOException {
    Gpt2Files.write(folder, CONFIG, new RandomNumbers(scale), DType.F32, OptionalInt.empty(), eos);
  }

  /** Writes a tokenizer. */
  static void writeTokenizer(Path folder, int tokens) throws IOException {
    List<String> texts =
        List.of(
            "the cat sat on the mat and the other cat sat beside that other mat with a hat",
            "every good word of a small language comes again and again in another sentence",
            "numbers and letters, commas and stops: what a tokenizer joins it has seen before");
    new BpeTrainer(tokens, SplitRule.GPT2, List.of(END))
        .train(texts)
        .write(folder, END, END, CONFIG.nCtx());
  }

  private record RandomNumbers(float scale) implements Weights {
    @Override
    public String source() {
      return "random";
    }

    @Override
    public Set<String> names() {
      return WeightNames.shapes(CONFIG).keySet();
    }

    @Override
    public boolean contains(String name) {
      return names().contains(name);
    }

    @Override
    public List<Integer> shape(String name) {
      return Optional.ofNullable(WeightNames.shapes(CONFIG).get(name)).orElseThrow();
    }

    @Override
    public float[] floats(String name) {
      RandomStream random = RandomStream.of(7, name);
      int size = shape(name).stream().reduce(1, (a, b) -> a * b);
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = scale * (float) (random.uniform(i) - 0.5);
      }
      return values;
    }
  }
}
