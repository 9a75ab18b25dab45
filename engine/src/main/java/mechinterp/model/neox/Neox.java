package mechinterp.model.neox;

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
import mechinterp.model.RotaryConfig;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.family.ActivationNames;
import mechinterp.model.family.Family;
import mechinterp.model.family.HeadFields;
import mechinterp.model.family.LayerTypes;
import mechinterp.model.family.NameTable;
import mechinterp.model.family.Outputs;
import mechinterp.model.family.RotaryFields;
import mechinterp.model.family.TorchNames;

/**
 * GPT-NeoX and Pythia: attention and feed-forward layer side by side, rotary positions on a part of
 * each head, layer norms and biases. In the file q, k and v take turns head by head.
 *
 * <p>Source: {@code models/gpt_neox} of Hugging Face transformers.
 */
public final class Neox implements Family {
  private static final double THETA = 10_000;
  private static final double FRACTION = 0.25;
  private static final double EPSILON = 1e-5;

  @Override
  public Set<String> modelTypes() {
    return Set.of("gpt_neox");
  }

  @Override
  public TransformerConfig config(String name, JsonField config) throws FormatException {
    int dModel = config.at("hidden_size").size();
    JsonField heads = config.at("num_attention_heads");
    int dHead = HeadFields.dHead(dModel, heads);
    boolean parallel = config.at("use_parallel_residual").flag(true);
    boolean biases = config.at("attention_bias").flag(true);
    return new TransformerConfig(
        name,
        dModel,
        parallel ? BlockRecipe.PARALLEL : BlockRecipe.SEQUENTIAL,
        new NormConfig(Norm.LAYER, (float) config.at("layer_norm_eps").number(EPSILON)),
        EmbeddingConfig.tokens(
            config.at("vocab_size").size(), config.at("max_position_embeddings").size()),
        AttentionConfig.plain(heads.size(), dHead, true).withBiases(biases, biases),
        Collections.nCopies(
            LayerTypes.count(config.at("num_hidden_layers")),
            LayerAttention.rotary(rotary(config, dHead))),
        new MlpConfig(
            config.at("intermediate_size").size(),
            ActivationNames.read(config.at("hidden_act"), ActivationFunction.GELU),
            false,
            true),
        Optional.of(UnembedConfig.plain(config.at("tie_word_embeddings").flag(false))));
  }

  private static RotaryConfig rotary(JsonField config, int dHead) throws FormatException {
    RotaryFields fields = RotaryFields.of(config);
    return new RotaryConfig(
        fields.dRotary(dHead, "rotary_pct", FRACTION),
        fields.theta("rotary_emb_base", THETA),
        fields.scaling());
  }

  @Override
  public NameTable names(TransformerConfig config) {
    int dHead = config.dHead();
    NameTable.Builder names =
        NameTable.ofBlocks("layers.")
            .prefixes("gpt_neox.")
            .renamed("^embed_out\\.", "lm_head.")
            .same(WeightNames.W_E, "embed_in.weight")
            .norm("ln1", "input_layernorm")
            .linear(
                "attn.Q", "attention.query_key_value", true, new Outputs.HeadByHead(0, 3, dHead))
            .linear(
                "attn.K", "attention.query_key_value", true, new Outputs.HeadByHead(1, 3, dHead))
            .linear(
                "attn.V", "attention.query_key_value", true, new Outputs.HeadByHead(2, 3, dHead))
            .linear("attn.O", "attention.dense")
            .norm("ln2", "post_attention_layernorm")
            .linear("mlp.in", "mlp.dense_h_to_4h")
            .linear("mlp.out", "mlp.dense_4h_to_h")
            .norm(WeightNames.LN_FINAL, "final_layer_norm")
            .harmless("layers\\.\\d+\\.attention\\.(bias|masked_bias|rotary_emb\\.inv_freq)")
            .harmless("rotary_emb\\.inv_freq");
    boolean tied = config.unembed().map(UnembedConfig::tied).orElse(true);
    return TorchNames.unembedding(names, tied).build();
  }
}
