package mechinterp.model.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.model.LayerAttention;
import mechinterp.model.RotaryConfig;

/**
 * Which layers see the last tokens only: {@code layer_types} of config.json, or a family's rule for
 * older files.
 */
public final class LayerTypes {
  /** The type of layers that see all tokens before. */
  public static final String FULL = "full_attention";

  /** The type of layers that see the last {@code sliding_window} tokens. */
  public static final String SLIDING = "sliding_attention";

  /** More than any model has; each layer takes memory before its weights are looked for. */
  private static final int MOST_LAYERS = 10_000;

  private final int layers;
  private final LayerAttention full;
  private final Optional<LayerAttention> sliding;

  private LayerTypes(int layers, LayerAttention full, Optional<LayerAttention> sliding) {
    this.layers = layers;
    this.full = full;
    this.sliding = sliding;
  }

  /**
   * Reads the number of layers.
   *
   * @throws FormatException when it is none, or one that no model has
   */
  public static int count(JsonField field) throws FormatException {
    field.require(field.size() <= MOST_LAYERS, "at most " + MOST_LAYERS + " layers");
    return field.size();
  }

  /** Reads the number of layers, which is {@code otherwise} for an absent field. */
  public static int count(JsonField field, int otherwise) throws FormatException {
    return field.isAbsent() ? otherwise : count(field);
  }

  /** Returns so many layers, of which none slides. */
  public static LayerTypes full(int layers, RotaryConfig rotary) {
    return new LayerTypes(layers, LayerAttention.rotary(rotary), Optional.empty());
  }

  /** Returns the same layers with others that see the last {@code window} tokens. */
  public LayerTypes withSliding(int window, RotaryConfig rotary) {
    return new LayerTypes(layers, full, Optional.of(LayerAttention.sliding(window, rotary)));
  }

  /**
   * Returns the attention of each layer.
   *
   * @param config the file
   * @param slides which layers slide where the file has no {@code layer_types}
   * @throws FormatException when a layer has a type that is not known or not there
   */
  public List<LayerAttention> read(JsonField config, IntPredicate slides) throws FormatException {
    JsonField types = config.at("layer_types");
    if (types.isAbsent()) {
      return ofRule(slides);
    }
    List<JsonField> items = types.items();
    types.require(items.size() == layers, "one for each of " + layers + " layers");
    List<LayerAttention> read = new ArrayList<>();
    for (JsonField type : items) {
      read.add(ofType(type));
    }
    return read;
  }

  /**
   * Returns the attention of each layer, whatever types the file names.
   *
   * @param slides which layers slide
   */
  public List<LayerAttention> ofRule(IntPredicate slides) {
    List<LayerAttention> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      all.add(slides.test(layer) ? sliding.orElse(full) : full);
    }
    return all;
  }

  private LayerAttention ofType(JsonField type) throws FormatException {
    String name = type.text();
    type.require(name.equals(FULL) || name.equals(SLIDING), FULL + " or " + SLIDING);
    if (name.equals(FULL)) {
      return full;
    }
    return sliding.orElseThrow(
        () -> type.failure(FULL + ", as sliding_window is not there or not used"));
  }
}
