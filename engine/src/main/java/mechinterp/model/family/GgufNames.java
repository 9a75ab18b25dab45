package mechinterp.model.family;

import mechinterp.io.GgufFile;
import mechinterp.model.TransformerConfig;
import mechinterp.model.UnembedConfig;
import mechinterp.model.WeightNames;

/**
 * How GGUF files name the weights: alike for all families. Matrices are [out, in] in PyTorch's
 * order, and the gains of Gemma's norms are whole, with the 1 that its safetensors leave out.
 *
 * <p>Source: {@code gguf-py/gguf/constants.py} and {@code convert_hf_to_gguf.py} of llama.cpp.
 */
public final class GgufNames {
  private GgufNames() {}

  /**
   * Returns the names of a model's weights in a file.
   *
   * @param file which says whether q, k and v are joined, and in which order their columns are
   * @param config what it holds
   */
  public static NameTable of(GgufFile file, TransformerConfig config) {
    NameTable.Builder names =
        NameTable.ofBlocks("blk.")
            .same(WeightNames.W_E, "token_embd.weight")
            .same(WeightNames.W_POS, "position_embd.weight")
            .norm("ln1", "attn_norm")
            .norm("attn.q_norm", "attn_q_norm")
            .norm("attn.k_norm", "attn_k_norm")
            .linear("attn.O", "attn_output")
            .norm("ln1_post", "post_attention_norm")
            .norm("ln2", "ffn_norm")
            .linear("mlp.gate", "ffn_gate")
            .linear("mlp.in", "ffn_up")
            .linear("mlp.out", "ffn_down")
            .norm("ln2_post", "post_ffw_norm")
            .norm(WeightNames.LN_FINAL, "output_norm")
            .harmless("rope_freqs\\.weight");
    addInputs(names, file, config);
    if (!config.unembed().map(UnembedConfig::tied).orElse(true)) {
      names.transposed(WeightNames.W_U, "output.weight");
    }
    return names.build();
  }

  private static void addInputs(NameTable.Builder names, GgufFile file, TransformerConfig config) {
    boolean joined = file.tensors().contains("blk.0.attn_qkv.weight");
    if (joined) {
      int width = config.attention().queryWidth();
      names
          .linear("attn.Q", "attn_qkv", true, new Outputs.Part(0, 3, width))
          .linear("attn.K", "attn_qkv", true, new Outputs.Part(1, 3, width))
          .linear("attn.V", "attn_qkv", true, new Outputs.Part(2, 3, width));
      return;
    }
    Outputs order = GgufConfig.isLlama(file) ? pairs(config) : new Outputs.All();
    names
        .linear("attn.Q", "attn_q", true, order)
        .linear("attn.K", "attn_k", true, order)
        .linear("attn.V", "attn_v");
  }

  private static Outputs pairs(TransformerConfig config) {
    return new Outputs.PairsSideBySide(config.dHead());
  }
}
