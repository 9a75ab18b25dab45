package mechinterp.model.llama;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.Norm;
import mechinterp.model.AttentionConfig;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.RotaryConfig;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.family.ActivationNames;
import mechinterp.model.family.Family;
import mechinterp.model.family.HeadFields;
import mechinterp.model.family.LayerTypes;
import mechinterp.model.family.NameTable;
import mechinterp.model.family.RotaryFields;
import mechinterp.model.family.TorchNames;

/**
 * Llama 2 and 3, SmolLM2, Mistral, Qwen 2, 2.5 and 3: RMS norms, rotary positions, grouped-query
 * attention and gated feed-forward layers. They differ in biases, norms of q and k, and windows.
 *
 * <p>Source: {@code models/llama}, {@code mistral}, {@code qwen2} and {@code qwen3} of Hugging Face
 * transformers.
 */
public final class Llama implements Family {
  private static final double THETA = 10_000;
  private static final double EPSILON = 1e-6;
  private static final int WINDOW = 4096;
  private static final int FIRST_SLIDING_LAYER = 28;

  /** What the members of the family differ in. */
  private enum Member {
    LLAMA,
    MISTRAL,
    QWEN2,
    QWEN3;

    static Member of(JsonField config) throws FormatException {
      return switch (config.at("model_type").text()) {
        case "mistral" -> MISTRAL;
        case "qwen2" -> QWEN2;
        case "qwen3" -> QWEN3;
        default -> LLAMA;
      };
    }
  }

  @Override
  public Set<String> modelTypes() {
    return Set.of("llama", "mistral", "qwen2", "qwen3");
  }

  @Override
  public TransformerConfig config(String name, JsonField config) throws FormatException {
    Member member = Member.of(config);
    config.at("mlp_bias").requireOff();
    AttentionConfig attention = attention(config, member);
    RotaryConfig rotary = RotaryFields.of(config).ofWholeHeads(attention.dHead(), THETA);
    return new TransformerConfig(
        name,
        config.at("hidden_size").size(),
        BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.RMS, (float) config.at("rms_norm_eps").number(EPSILON)),
        EmbeddingConfig.tokens(
            config.at("vocab_size").size(), config.at("max_position_embeddings").size()),
        attention,
        layers(config, member, rotary),
        new MlpConfig(
            config.at("intermediate_size").size(),
            ActivationNames.read(config.at("hidden_act"), ActivationFunction.SILU),
            true,
            false),
        Optional.of(UnembedConfig.plain(config.at("tie_word_embeddings").flag(false))));
  }

  private static AttentionConfig attention(JsonField config, Member member) throws FormatException {
    AttentionConfig attention = HeadFields.grouped(config, dHead(config, member));
    boolean biases = config.at("attention_bias").flag(false);
    return switch (member) {
      case LLAMA -> attention.withBiases(biases, biases);
      case MISTRAL -> attention;
      case QWEN2 -> attention.withBiases(true, false);
      case QWEN3 -> attention.withBiases(biases, biases).withQueryKeyNorm(true);
    };
  }

  private static int dHead(JsonField config, Member member) throws FormatException {
    JsonField given = config.at("head_dim");
    if (given.isPresent()) {
      return given.size();
    }
    return member == Member.QWEN3
        ? 128
        : HeadFields.dHead(config.at("hidden_size").size(), config.at("num_attention_heads"));
  }

  private static List<LayerAttention> layers(JsonField config, Member member, RotaryConfig rotary)
      throws FormatException {
    LayerTypes types = LayerTypes.full(LayerTypes.count(config.at("num_hidden_layers")), rotary);
    JsonField window = config.at("sliding_window");
    return switch (member) {
      case LLAMA -> types.ofRule(_ -> false);
      case MISTRAL -> mistral(types, window, rotary);
      case QWEN2, QWEN3 -> qwen(config, types, window, rotary);
    };
  }

  /** All layers slide, unless the window is null. */
  private static List<LayerAttention> mistral(
      LayerTypes types, JsonField window, RotaryConfig rotary) throws FormatException {
    return window.isMissing() || window.isPresent()
        ? types.withSliding(window.size(WINDOW), rotary).ofRule(_ -> true)
        : types.ofRule(_ -> false);
  }

  /** The upper layers slide, where windows are used at all. */
  private static List<LayerAttention> qwen(
      JsonField config, LayerTypes types, JsonField window, RotaryConfig rotary)
      throws FormatException {
    boolean slides =
        config.at("use_sliding_window").flag(false) && (window.isMissing() || window.isPresent());
    int first = config.at("max_window_layers").count(FIRST_SLIDING_LAYER);
    return slides
        ? types.withSliding(window.size(WINDOW), rotary).read(config, layer -> layer >= first)
        : types.read(config, _ -> false);
  }

  @Override
  public NameTable names(TransformerConfig config) {
    boolean tied = config.unembed().map(UnembedConfig::tied).orElse(true);
    return TorchNames.gatedDecoder(tied, "model.")
        .norm("ln1", "input_layernorm")
        .norm("ln2", "post_attention_layernorm")
        .norm("attn.q_norm", "self_attn.q_norm")
        .norm("attn.k_norm", "self_attn.k_norm")
        .norm("ln_final", "norm")
        .build();
  }
}
