package mechinterp.model.bert;

import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.family.Family;
import mechinterp.model.family.HeadFields;
import mechinterp.model.family.LayerTypes;
import mechinterp.model.family.NameTable;
import mechinterp.model.family.Outputs;

/**
 * BERT encoders in the files of Hugging Face: {@code BertModel}, or the encoder in a model with
 * heads for some task, which are left out.
 *
 * <p>Source: {@code models/bert} of Hugging Face transformers.
 */
public final class BertFiles implements Family {
  private static final double EPSILON = 1e-12;

  @Override
  public Set<String> modelTypes() {
    return Set.of("bert");
  }

  @Override
  public TransformerConfig config(String name, JsonField config) throws FormatException {
    config.at("is_decoder").requireOff();
    config.at("add_cross_attention").requireOff();
    requireDefault(config.at("position_embedding_type"), "absolute");
    requireDefault(config.at("hidden_act"), "gelu");
    int dModel = config.at("hidden_size").size();
    JsonField heads = config.at("num_attention_heads");
    return Bert.config(
        name,
        LayerTypes.count(config.at("num_hidden_layers")),
        dModel,
        heads.size(),
        HeadFields.dHead(dModel, heads),
        config.at("intermediate_size").size(),
        config.at("vocab_size").size(),
        config.at("max_position_embeddings").size(512),
        config.at("type_vocab_size").size(2),
        (float) config.at("layer_norm_eps").number(EPSILON));
  }

  private static void requireDefault(JsonField field, String only) throws FormatException {
    if (field.isPresent()) {
      field.requireText(only);
    }
  }

  @Override
  public NameTable names(TransformerConfig config) {
    return names(true)
        .harmless("embeddings\\.position_ids")
        .harmless("(pooler|cls|classifier|qa_outputs)\\..+")
        .build();
  }

  /**
   * Begins the table of an encoder's weights.
   *
   * @param outputsFirst whether the files' matrices are [out, in], as PyTorch has them
   */
  static NameTable.Builder names(boolean outputsFirst) {
    return new Names(outputsFirst).table();
  }

  private record Names(boolean outputsFirst) {
    NameTable.Builder table() {
      NameTable.Builder names =
          NameTable.ofBlocks("encoder.layer.")
              .prefixes("bert.")
              .renamed("LayerNorm\\.gamma$", "LayerNorm.weight")
              .renamed("LayerNorm\\.beta$", "LayerNorm.bias")
              .same(WeightNames.W_E, "embeddings.word_embeddings.weight")
              .same(WeightNames.W_POS, "embeddings.position_embeddings.weight")
              .same(WeightNames.W_TOKEN_TYPE, "embeddings.token_type_embeddings.weight")
              .norm(WeightNames.LN_EMBED, "embeddings.LayerNorm")
              .norm("ln1", "attention.output.LayerNorm")
              .norm("ln2", "output.LayerNorm");
      linear(names, "attn.Q", "attention.self.query");
      linear(names, "attn.K", "attention.self.key");
      linear(names, "attn.V", "attention.self.value");
      linear(names, "attn.O", "attention.output.dense");
      linear(names, "mlp.in", "intermediate.dense");
      linear(names, "mlp.out", "output.dense");
      return names;
    }

    private void linear(NameTable.Builder names, String canonical, String tensor) {
      names.linear(canonical, tensor, outputsFirst, new Outputs.All());
    }
  }
}
