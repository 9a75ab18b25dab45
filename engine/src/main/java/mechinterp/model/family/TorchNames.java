package mechinterp.model.family;

import mechinterp.model.WeightNames;

/** The names that Llama's files gave to the weights of gated decoders. */
public final class TorchNames {
  private TorchNames() {}

  /**
   * Begins the table of a decoder with projections {@code layers.L.self_attn.q_proj} to {@code
   * o_proj} and {@code layers.L.mlp.gate_proj}, {@code up_proj} and {@code down_proj}; its norms
   * are for the family to add.
   *
   * @param tied whether the unembedding is the embedding, so that a copy of it is of no use
   * @param prefixes what may stand before the names
   */
  public static NameTable.Builder gatedDecoder(boolean tied, String... prefixes) {
    NameTable.Builder names =
        NameTable.ofBlocks("layers.")
            .prefixes(prefixes)
            .same(WeightNames.W_E, "embed_tokens.weight")
            .linear("attn.Q", "self_attn.q_proj")
            .linear("attn.K", "self_attn.k_proj")
            .linear("attn.V", "self_attn.v_proj")
            .linear("attn.O", "self_attn.o_proj")
            .linear("mlp.gate", "mlp.gate_proj")
            .linear("mlp.in", "mlp.up_proj")
            .linear("mlp.out", "mlp.down_proj")
            .harmless("(layers\\.\\d+\\.self_attn\\.)?rotary_emb\\.inv_freq");
    return unembedding(names, tied);
  }

  /** Names the unembedding {@code lm_head.weight}, or allows a copy of it where it is tied. */
  public static NameTable.Builder unembedding(NameTable.Builder names, boolean tied) {
    return tied
        ? names.harmless("lm_head\\.weight")
        : names.transposed(WeightNames.W_U, "lm_head.weight");
  }
}
