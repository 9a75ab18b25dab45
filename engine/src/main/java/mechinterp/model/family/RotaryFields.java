package mechinterp.model.family;

import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.model.RotaryConfig;
import mechinterp.model.RotaryScaling;

/**
 * Rotary positions in config.json: as transformers 5 writes them, in {@code rope_parameters}, and
 * as older versions did, in {@code rope_theta}, {@code rope_scaling} and fields of the families'
 * own.
 *
 * <p>Source: {@code modeling_rope_utils} of Hugging Face transformers.
 */
public final class RotaryFields {
  private final JsonField config;
  private final JsonField scaling;
  private final JsonField parameters;

  private RotaryFields(JsonField config, JsonField scaling, JsonField parameters) {
    this.config = config;
    this.scaling = scaling;
    this.parameters = parameters;
  }

  /**
   * Returns the fields that hold for all layers.
   *
   * @throws FormatException when one that has fields of its own is no object
   */
  public static RotaryFields of(JsonField config) throws FormatException {
    return new RotaryFields(
        config, fields(config.at("rope_scaling")), fields(config.at("rope_parameters")));
  }

  private static JsonField fields(JsonField group) throws FormatException {
    group.require(group.isAbsent() || group.node().isObject(), "an object");
    return group;
  }

  /**
   * Returns the fields that hold for the layers of a type, which only transformers 5 tells apart.
   *
   * @param layerType such as {@code full_attention}
   * @throws FormatException when one that has fields of its own is no object
   */
  public static RotaryFields ofLayers(JsonField config, String layerType) throws FormatException {
    JsonField parameters = fields(fields(config.at("rope_parameters")).at(layerType));
    return new RotaryFields(config, config.at("none"), parameters);
  }

  /**
   * Returns how many of {@code dHead} columns turn.
   *
   * @param oldName what older versions called the fraction of a head that turns
   * @param otherwise the fraction where the file has none
   */
  public int dRotary(int dHead, String oldName, double otherwise) throws FormatException {
    JsonField fraction = inParameters("partial_rotary_factor");
    if (fraction.isAbsent()) {
      fraction = config.atFirst("partial_rotary_factor", oldName);
    }
    double value = fraction.number(otherwise);
    fraction.require(value > 0 && value <= 1, "a fraction of a head, above 0 and at most 1");
    return (int) (dHead * value);
  }

  /**
   * Returns the base.
   *
   * @param oldName what older versions called it
   * @param otherwise the base where the file has none
   */
  public double theta(String oldName, double otherwise) throws FormatException {
    JsonField theta = inParameters("rope_theta");
    return (theta.isPresent() ? theta : config.at(oldName)).number(otherwise);
  }

  /**
   * Returns the scaling of the frequencies. {@code dynamic} is none: it changes only texts longer
   * than {@code max_position_embeddings}, which are refused here.
   *
   * @throws FormatException when it is of another kind than none, linear, dynamic or llama3
   */
  public RotaryScaling scaling() throws FormatException {
    JsonField from = scaling.isPresent() ? scaling : parameters;
    JsonField type = from.atFirst("rope_type", "type");
    if (type.isAbsent()) {
      return new RotaryScaling.None();
    }
    return switch (type.text()) {
      case "default", "dynamic" -> new RotaryScaling.None();
      case "linear" -> new RotaryScaling.Linear(from.at("factor").number());
      case "llama3" -> llama3(from);
      default -> throw type.failure("default, linear, dynamic or llama3");
    };
  }

  private RotaryScaling llama3(JsonField from) throws FormatException {
    JsonField context = config.at("original_max_position_embeddings");
    if (context.isAbsent()) {
      context = from.at("original_max_position_embeddings");
    }
    if (context.isAbsent()) {
      context = config.at("max_position_embeddings");
    }
    return new RotaryScaling.Llama3(
        from.at("factor").number(),
        from.at("low_freq_factor").number(),
        from.at("high_freq_factor").number(),
        context.size());
  }

  /** Returns rotary positions of whole heads. */
  public RotaryConfig ofWholeHeads(int dHead, double otherwise) throws FormatException {
    int dRotary = dRotary(dHead, "partial_rotary_factor", 1);
    return new RotaryConfig(dRotary, theta("rope_theta", otherwise), scaling());
  }

  private JsonField inParameters(String name) {
    JsonField inScaling = scaling.at(name);
    return inScaling.isPresent() ? inScaling : parameters.at(name);
  }
}
