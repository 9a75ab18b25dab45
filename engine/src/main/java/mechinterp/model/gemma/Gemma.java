package mechinterp.model.gemma;

import java.util.Optional;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.kernel.Norm;
import mechinterp.model.BlockRecipe;
import mechinterp.model.EmbeddingConfig;
import mechinterp.model.MlpConfig;
import mechinterp.model.NormConfig;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.family.Family;
import mechinterp.model.family.NameTable;
import mechinterp.model.family.TorchNames;

/**
 * Gemma 2 and Gemma 3: a norm before and after each branch, layers that see only the last tokens,
 * embeddings scaled by the root of d_model; Gemma 2 caps scores and logits softly, Gemma 3 norms q
 * and k. Of Gemma 3 with images the language model is read. Files hold the gains of norms less 1.
 *
 * <p>Source: {@code models/gemma2} and {@code models/gemma3} of Hugging Face transformers.
 */
public final class Gemma implements Family {
  @Override
  public Set<String> modelTypes() {
    return Set.of("gemma2", "gemma3", "gemma3_text");
  }

  @Override
  public TransformerConfig config(String name, JsonField file) throws FormatException {
    GemmaFields fields = GemmaFields.of(file);
    int dModel = fields.dModel();
    return new TransformerConfig(
        name,
        dModel,
        BlockRecipe.SANDWICH,
        new NormConfig(Norm.RMS, fields.epsilon()),
        EmbeddingConfig.tokens(fields.dVocab(), fields.nCtx()).withScale((float) Math.sqrt(dModel)),
        fields.attention(),
        fields.layers(),
        new MlpConfig(fields.dMlp(), fields.activation(), true, false),
        Optional.of(new UnembedConfig(fields.tied(), false, fields.finalSoftCap())));
  }

  @Override
  public NameTable names(TransformerConfig config) {
    boolean tied = config.unembed().map(UnembedConfig::tied).orElse(true);
    return TorchNames.gatedDecoder(
            tied, "language_model.model.", "model.language_model.", "language_model.", "model.")
        .normLessOne("ln1", "input_layernorm")
        .normLessOne("ln1_post", "post_attention_layernorm")
        .normLessOne("ln2", "pre_feedforward_layernorm")
        .normLessOne("ln2_post", "post_feedforward_layernorm")
        .normLessOne("attn.q_norm", "self_attn.q_norm")
        .normLessOne("attn.k_norm", "self_attn.k_norm")
        .normLessOne(WeightNames.LN_FINAL, "norm")
        .harmless("(vision_tower|multi_modal_projector)\\..+")
        .build();
  }
}
