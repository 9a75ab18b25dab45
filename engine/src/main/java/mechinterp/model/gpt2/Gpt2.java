package mechinterp.model.gpt2;

import java.util.Collections;
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
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.family.ActivationNames;
import mechinterp.model.family.Family;
import mechinterp.model.family.HeadFields;
import mechinterp.model.family.LayerTypes;
import mechinterp.model.family.NameTable;
import mechinterp.model.family.Outputs;
import mechinterp.model.family.TorchNames;

/**
 * GPT-2: learned positions, layer norms, biases everywhere, tied embeddings. Its linear layers lie
 * in the file as [in, out], with q, k and v side by side in {@code c_attn}.
 *
 * <p>Source: {@code models/gpt2} of Hugging Face transformers.
 */
public final class Gpt2 implements Family {
  private static final double EPSILON = 1e-5;

  @Override
  public Set<String> modelTypes() {
    return Set.of("gpt2");
  }

  @Override
  public TransformerConfig config(String name, JsonField config) throws FormatException {
    config.at("scale_attn_by_inverse_layer_idx").requireOff();
    config.at("add_cross_attention").requireOff();
    int dModel = config.atFirst("n_embd", "hidden_size").size();
    int layers = LayerTypes.count(config.atFirst("n_layer", "num_hidden_layers"));
    return new TransformerConfig(
        name,
        dModel,
        BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.LAYER, (float) config.at("layer_norm_epsilon").number(EPSILON)),
        EmbeddingConfig.learnedPositions(
            config.at("vocab_size").size(),
            config.atFirst("n_positions", "max_position_embeddings").size()),
        attention(config, dModel),
        Collections.nCopies(layers, LayerAttention.plain()),
        new MlpConfig(
            config.at("n_inner").size(4 * dModel),
            ActivationNames.read(config.at("activation_function"), ActivationFunction.GELU_TANH),
            false,
            true),
        Optional.of(UnembedConfig.plain(config.at("tie_word_embeddings").flag(true))));
  }

  private static AttentionConfig attention(JsonField config, int dModel) throws FormatException {
    JsonField heads = config.atFirst("n_head", "num_attention_heads");
    AttentionConfig attention =
        AttentionConfig.plain(heads.size(), HeadFields.dHead(dModel, heads), true);
    boolean scaled = config.at("scale_attn_weights").flag(true);
    return scaled ? attention : attention.withScale(1);
  }

  @Override
  public NameTable names(TransformerConfig config) {
    int width = config.attention().queryWidth();
    NameTable.Builder names =
        NameTable.ofBlocks("h.")
            .prefixes("transformer.")
            .same(WeightNames.W_E, "wte.weight")
            .same(WeightNames.W_POS, "wpe.weight")
            .norm("ln1", "ln_1")
            .linear("attn.Q", "attn.c_attn", false, new Outputs.Part(0, 3, width))
            .linear("attn.K", "attn.c_attn", false, new Outputs.Part(1, 3, width))
            .linear("attn.V", "attn.c_attn", false, new Outputs.Part(2, 3, width))
            .linear("attn.O", "attn.c_proj", false, new Outputs.All())
            .norm("ln2", "ln_2")
            .linear("mlp.in", "mlp.c_fc", false, new Outputs.All())
            .linear("mlp.out", "mlp.c_proj", false, new Outputs.All())
            .norm(WeightNames.LN_FINAL, "ln_f")
            .harmless("h\\.\\d+\\.attn\\.(bias|masked_bias)");
    boolean tied = config.unembed().map(UnembedConfig::tied).orElse(true);
    return TorchNames.unembedding(names, tied).build();
  }
}
