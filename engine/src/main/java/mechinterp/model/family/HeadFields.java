package mechinterp.model.family;

import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.model.AttentionConfig;

/** The heads of attention in config.json. */
public final class HeadFields {
  private HeadFields() {}

  /**
   * Returns the columns of a head where they are what the heads share of the residual stream.
   *
   * @param dModel columns of the residual stream
   * @param heads the field with the number of heads
   * @throws FormatException when it does not divide them
   */
  public static int dHead(int dModel, JsonField heads) throws FormatException {
    int count = heads.size();
    heads.require(dModel % count == 0, "a divisor of d_model " + dModel);
    return dModel / count;
  }

  /** Returns grouped-query attention of {@code dHead} columns a head, without biases. */
  public static AttentionConfig grouped(JsonField config, int dHead) throws FormatException {
    int heads = config.at("num_attention_heads").size();
    return grouped(config, heads, config.at("num_key_value_heads").size(heads), dHead);
  }

  /** Returns grouped-query attention after checking that the heads can be shared out. */
  public static AttentionConfig grouped(JsonField config, int heads, int keyValueHeads, int dHead)
      throws FormatException {
    config
        .at("num_key_value_heads")
        .require(heads % keyValueHeads == 0, "a divisor of num_attention_heads " + heads);
    return AttentionConfig.grouped(heads, keyValueHeads, dHead);
  }
}
