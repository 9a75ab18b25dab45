package mechinterp.model;

import java.util.List;
import java.util.Optional;

/**
 * What a transformer is, of whatever family: its sizes and the recipe of its blocks. A family of
 * models is a way to fill this record and the names of its weights.
 *
 * @param name the model's name, such as {@code gpt2}
 * @param dModel columns of the residual stream
 * @param recipe how blocks join their parts
 * @param norm all norms
 * @param embedding tokens and places
 * @param attention what attention is in all blocks
 * @param layers what differs from block to block, one for each
 * @param mlp the feed-forward layer
 * @param unembed how logits are made; empty for encoders, which make none
 */
public record TransformerConfig(
    String name,
    int dModel,
    BlockRecipe recipe,
    NormConfig norm,
    EmbeddingConfig embedding,
    AttentionConfig attention,
    List<LayerAttention> layers,
    MlpConfig mlp,
    Optional<UnembedConfig> unembed) {
  /**
   * Checks what the parts cannot check alone.
   *
   * @throws IllegalArgumentException when there are no layers, a size is not positive, or a layer
   *     rotates more columns than a head has
   */
  public TransformerConfig {
    layers = List.copyOf(layers);
    Sizes.requirePositive("n_layers", layers.size());
    Sizes.requirePositive("d_model", dModel);
    Sizes.requireProduct("d_vocab", embedding.dVocab(), "d_model", dModel);
    layers.forEach(layer -> requireRotaryFits(layer, attention.dHead()));
  }

  private static void requireRotaryFits(LayerAttention layer, int dHead) {
    int dRotary = layer.rotary().map(RotaryConfig::dRotary).orElse(0);
    if (dRotary > dHead) {
      throw new IllegalArgumentException(
          "config: d_rotary is %d, d_head is %d; it must be at most d_head"
              .formatted(dRotary, dHead));
    }
  }

  /** Returns the number of blocks. */
  public int nLayers() {
    return layers.size();
  }

  /** Returns the query heads of a block. */
  public int nHeads() {
    return attention.heads();
  }

  /** Returns the columns of a head. */
  public int dHead() {
    return attention.dHead();
  }

  /** Returns the columns of the feed-forward layer. */
  public int dMlp() {
    return mlp.dMlp();
  }

  /** Returns the number of token ids. */
  public int dVocab() {
    return embedding.dVocab();
  }

  /** Returns the most tokens in a sequence. */
  public int nCtx() {
    return embedding.nCtx();
  }

  /** Returns the same model under another name. */
  public TransformerConfig withName(String other) {
    return new TransformerConfig(
        other, dModel, recipe, norm, embedding, attention, layers, mlp, unembed);
  }

  /**
   * Returns the same model with other settings of its layers, of which there may be more or less.
   */
  public TransformerConfig withLayers(List<LayerAttention> other) {
    return new TransformerConfig(
        name, dModel, recipe, norm, embedding, attention, other, mlp, unembed);
  }
}
