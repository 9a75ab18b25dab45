package mechinterp.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The canonical names and shapes of a transformer's weights: those of TransformerLens, in the order
 * of computation. Families translate the names of their files into these; parameters, gradients and
 * optimizers use them.
 *
 * <p>Matrices of linear maps are [in, out]; heads are columns: head h has columns h * d_head to (h
 * + 1) * d_head - 1 of W_Q (of W_K and W_V among the key and value heads) and rows of W_O. Vectors
 * have one dimension. RMS norms multiply by their {@code w} as it is: where a family's files hold w
 * - 1 (Gemma), loading adds 1.
 *
 * <table>
 * <caption>Names</caption>
 * <tr><td>{@code embed.W_E}</td><td>[d_vocab, d_model]</td></tr>
 * <tr><td>{@code pos_embed.W_pos}</td><td>[n_ctx, d_model], with learned positions</td></tr>
 * <tr><td>{@code token_type_embed.W_token_type}</td><td>[d_vocab_types, d_model], with token types
 *     </td></tr>
 * <tr><td>{@code ln_embed.w}, {@code .b}</td><td>[d_model], {@link BlockRecipe#POST_NORM} only
 *     </td></tr>
 * <tr><td>{@code blocks.L.ln1.w}, {@code .b}</td><td>[d_model]</td></tr>
 * <tr><td>{@code blocks.L.attn.W_Q}, {@code b_Q}</td><td>[d_model, n_heads d_head], [n_heads d_head]
 *     </td></tr>
 * <tr><td>{@code blocks.L.attn.W_K}, {@code b_K}, {@code W_V}, {@code b_V}</td><td>[d_model,
 *     n_key_value_heads d_head], [n_key_value_heads d_head]</td></tr>
 * <tr><td>{@code blocks.L.attn.q_norm.w}, {@code k_norm.w}</td><td>[d_head]</td></tr>
 * <tr><td>{@code blocks.L.attn.W_O}, {@code b_O}</td><td>[n_heads d_head, d_model], [d_model]
 *     </td></tr>
 * <tr><td>{@code blocks.L.ln1_post.w}</td><td>[d_model], {@link BlockRecipe#SANDWICH} only</td></tr>
 * <tr><td>{@code blocks.L.ln2.w}, {@code .b}</td><td>[d_model]</td></tr>
 * <tr><td>{@code blocks.L.mlp.W_gate}, {@code W_in}</td><td>[d_model, d_mlp], W_gate where gated
 *     </td></tr>
 * <tr><td>{@code blocks.L.mlp.b_in}</td><td>[d_mlp]</td></tr>
 * <tr><td>{@code blocks.L.mlp.W_out}, {@code b_out}</td><td>[d_mlp, d_model], [d_model]</td></tr>
 * <tr><td>{@code blocks.L.ln2_post.w}</td><td>[d_model], {@link BlockRecipe#SANDWICH} only</td></tr>
 * <tr><td>{@code ln_final.w}, {@code .b}</td><td>[d_model], not with {@link BlockRecipe#POST_NORM}
 *     </td></tr>
 * <tr><td>{@code unembed.W_U}</td><td>[d_model, d_vocab], not where tied: then it is W_E transposed
 *     </td></tr>
 * <tr><td>{@code unembed.b_U}</td><td>[d_vocab]</td></tr>
 * </table>
 *
 * {@code .b} is there for layer norms, other biases where the config says so.
 */
public final class WeightNames {
  /** The tokens' vectors. */
  public static final String W_E = "embed.W_E";

  /** The places' vectors. */
  public static final String W_POS = "pos_embed.W_pos";

  /** The token types' vectors. */
  public static final String W_TOKEN_TYPE = "token_type_embed.W_token_type";

  /** The norm of the embedding. */
  public static final String LN_EMBED = "ln_embed";

  /** The norm after the last block. */
  public static final String LN_FINAL = "ln_final";

  /** The unembedding. */
  public static final String W_U = "unembed.W_U";

  /** The unembedding's bias. */
  public static final String B_U = "unembed.b_U";

  private final TransformerConfig config;
  private final SequencedMap<String, List<Integer>> shapes = new LinkedHashMap<>();

  private WeightNames(TransformerConfig config) {
    this.config = config;
  }

  /** Returns the name of a weight or norm of a block: {@code inBlock(3, "attn.W_Q")}. */
  public static String inBlock(int layer, String name) {
    return "blocks." + layer + "." + name;
  }

  /** Returns all weights of a model with their shapes, in the order of computation. */
  public static SequencedMap<String, List<Integer>> shapes(TransformerConfig config) {
    WeightNames names = new WeightNames(config);
    names.addEmbedding();
    for (int layer = 0; layer < config.nLayers(); layer++) {
      names.addAttention(inBlock(layer, ""));
      names.addMlp(inBlock(layer, ""));
    }
    names.addEnd();
    return names.shapes;
  }

  private void addEmbedding() {
    EmbeddingConfig embedding = config.embedding();
    shapes.put(W_E, List.of(embedding.dVocab(), config.dModel()));
    if (embedding.learnedPositions()) {
      shapes.put(W_POS, List.of(embedding.nCtx(), config.dModel()));
    }
    if (embedding.tokenTypes() > 0) {
      shapes.put(W_TOKEN_TYPE, List.of(embedding.tokenTypes(), config.dModel()));
    }
    if (config.recipe() == BlockRecipe.POST_NORM) {
      addNorm(LN_EMBED);
    }
  }

  private void addAttention(String block) {
    AttentionConfig attention = config.attention();
    int queries = attention.queryWidth();
    int keys = attention.keyValueWidth();
    addNorm(block + "ln1");
    addLinear(block + "attn.", "Q", config.dModel(), queries, attention.inputBias());
    addLinear(block + "attn.", "K", config.dModel(), keys, attention.inputBias());
    addLinear(block + "attn.", "V", config.dModel(), keys, attention.inputBias());
    if (attention.queryKeyNorm()) {
      shapes.put(block + "attn.q_norm.w", List.of(attention.dHead()));
      shapes.put(block + "attn.k_norm.w", List.of(attention.dHead()));
    }
    addLinear(block + "attn.", "O", queries, config.dModel(), attention.outputBias());
    if (config.recipe() == BlockRecipe.SANDWICH) {
      addNorm(block + "ln1_post");
    }
  }

  private void addMlp(String block) {
    MlpConfig mlp = config.mlp();
    addNorm(block + "ln2");
    if (mlp.gated()) {
      addLinear(block + "mlp.", "gate", config.dModel(), mlp.dMlp(), false);
    }
    addLinear(block + "mlp.", "in", config.dModel(), mlp.dMlp(), mlp.bias());
    addLinear(block + "mlp.", "out", mlp.dMlp(), config.dModel(), mlp.bias());
    if (config.recipe() == BlockRecipe.SANDWICH) {
      addNorm(block + "ln2_post");
    }
  }

  private void addEnd() {
    if (config.recipe() != BlockRecipe.POST_NORM) {
      addNorm(LN_FINAL);
    }
    config.unembed().ifPresent(this::addUnembedding);
  }

  private void addUnembedding(UnembedConfig unembed) {
    if (!unembed.tied()) {
      shapes.put(W_U, List.of(config.dModel(), config.dVocab()));
    }
    if (unembed.bias()) {
      shapes.put(B_U, List.of(config.dVocab()));
    }
  }

  private void addLinear(String layer, String name, int in, int out, boolean bias) {
    shapes.put(layer + "W_" + name, List.of(in, out));
    if (bias) {
      shapes.put(layer + "b_" + name, List.of(out));
    }
  }

  private void addNorm(String name) {
    shapes.put(name + ".w", List.of(config.dModel()));
    if (config.norm().hasBias()) {
      shapes.put(name + ".b", List.of(config.dModel()));
    }
  }
}
