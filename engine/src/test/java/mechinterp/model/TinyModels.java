package mechinterp.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.tokenizer.TinyWordPiece;

/** A small model of every recipe, of awkward sizes and with random weights, for tests. */
public final class TinyModels {
  /** GPT-2: learned positions, layer norms, biases everywhere, tied embeddings. */
  public static final TransformerConfig GPT2 =
      new TransformerConfig(
          "gpt2",
          10,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.LAYER, 1e-5f),
          EmbeddingConfig.learnedPositions(19, 12),
          AttentionConfig.plain(2, 5, true),
          Collections.nCopies(2, LayerAttention.plain()),
          new MlpConfig(7, ActivationFunction.GELU_TANH, false, true),
          Optional.of(UnembedConfig.plain(true)));

  /** Pythia: both branches in parallel, a part of each head rotated. */
  public static final TransformerConfig NEOX =
      new TransformerConfig(
          "neox",
          12,
          BlockRecipe.PARALLEL,
          new NormConfig(Norm.LAYER, 1e-5f),
          EmbeddingConfig.tokens(17, 12),
          AttentionConfig.plain(2, 6, true),
          Collections.nCopies(2, LayerAttention.rotary(RotaryConfig.of(4, 10000))),
          new MlpConfig(9, ActivationFunction.GELU, false, true),
          Optional.of(UnembedConfig.plain(false)));

  /** Llama 3: grouped heads, RMS norms, a gated layer, scaled rotation, no biases. */
  public static final TransformerConfig LLAMA =
      new TransformerConfig(
          "llama",
          9,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.RMS, 1e-5f),
          EmbeddingConfig.tokens(18, 12),
          AttentionConfig.grouped(6, 2, 4),
          Collections.nCopies(
              2,
              LayerAttention.rotary(
                  new RotaryConfig(4, 100, new RotaryScaling.Llama3(4, 1, 4, 8)))),
          new MlpConfig(11, ActivationFunction.SILU, true, false),
          Optional.of(UnembedConfig.plain(true)));

  /** Qwen 2: as Llama, with biases of q, k and v, and a bias of the logits. */
  public static final TransformerConfig QWEN2 =
      new TransformerConfig(
          "qwen2",
          8,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.RMS, 1e-6f),
          EmbeddingConfig.tokens(16, 12),
          AttentionConfig.grouped(4, 4, 2).withBiases(true, false),
          List.of(LayerAttention.rotary(RotaryConfig.of(2, 50))),
          new MlpConfig(5, ActivationFunction.SILU, true, true),
          Optional.of(new UnembedConfig(false, true, 0)));

  /** Qwen 3: norms of the heads of q and k, heads wider than the stream. */
  public static final TransformerConfig QWEN3 =
      new TransformerConfig(
          "qwen3",
          6,
          BlockRecipe.SEQUENTIAL,
          new NormConfig(Norm.RMS, 1e-6f),
          EmbeddingConfig.tokens(21, 12),
          AttentionConfig.grouped(4, 2, 6).withQueryKeyNorm(true),
          Collections.nCopies(2, LayerAttention.rotary(RotaryConfig.of(6, 1000))),
          new MlpConfig(8, ActivationFunction.SILU, true, false),
          Optional.of(UnembedConfig.plain(true)));

  /** Gemma 2: norms around each branch, soft caps, a window shorter than the text. */
  public static final TransformerConfig GEMMA2 =
      new TransformerConfig(
          "gemma2",
          10,
          BlockRecipe.SANDWICH,
          new NormConfig(Norm.RMS, 1e-6f),
          EmbeddingConfig.tokens(19, 12).withScale((float) Math.sqrt(10)),
          AttentionConfig.grouped(4, 2, 4).withScale(0.4f).withSoftCap(1.5f),
          List.of(
              LayerAttention.sliding(3, RotaryConfig.of(4, 10000)),
              LayerAttention.rotary(RotaryConfig.of(4, 10000))),
          new MlpConfig(13, ActivationFunction.GELU_TANH, true, false),
          Optional.of(new UnembedConfig(true, false, 2)));

  /** Gemma 3: as Gemma 2 with norms of heads and two bases instead of caps. */
  public static final TransformerConfig GEMMA3 =
      new TransformerConfig(
          "gemma3",
          8,
          BlockRecipe.SANDWICH,
          new NormConfig(Norm.RMS, 1e-6f),
          EmbeddingConfig.tokens(20, 12).withScale((float) Math.sqrt(8)),
          AttentionConfig.grouped(2, 1, 6).withQueryKeyNorm(true),
          List.of(
              LayerAttention.sliding(4, RotaryConfig.of(6, 100)),
              LayerAttention.rotary(new RotaryConfig(6, 10000, new RotaryScaling.Linear(8)))),
          new MlpConfig(7, ActivationFunction.GELU_TANH, true, false),
          Optional.of(UnembedConfig.plain(true)));

  /** BERT: norms after additions, attention in both directions, no logits. */
  public static final TransformerConfig BERT =
      new TransformerConfig(
          "bert",
          6,
          BlockRecipe.POST_NORM,
          new NormConfig(Norm.LAYER, 1e-6f),
          new EmbeddingConfig(16, 12, true, 2, 1),
          AttentionConfig.plain(2, 3, false),
          Collections.nCopies(2, LayerAttention.plain()),
          new MlpConfig(7, ActivationFunction.GELU, false, true),
          Optional.empty());

  private TinyModels() {}

  /** Returns all of them. */
  static Stream<TransformerConfig> all() {
    return Stream.concat(causal(), Stream.of(BERT));
  }

  /** Returns those that make logits. */
  static Stream<TransformerConfig> causal() {
    return Stream.of(GPT2, NEOX, LLAMA, QWEN2, QWEN3, GEMMA2, GEMMA3);
  }

  /** Returns a model with random weights that cannot be trained. */
  public static Transformer frozen(TransformerConfig config, Device device) {
    return build(config, new RandomWeights(config, 1), device, LoadOptions.frozen());
  }

  /** Returns the same model so that it can be trained. */
  public static Transformer trainable(TransformerConfig config, Device device) {
    return build(config, new RandomWeights(config, 1), device, new LoadOptions(true));
  }

  static Transformer build(
      TransformerConfig config, Weights weights, Device device, LoadOptions options) {
    try {
      return TransformerBuilder.build(
          config, "tiny " + config.name(), weights, TinyWordPiece.tokenizer(), device, options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
