package mechinterp.model.gemma;

import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.kernel.ActivationFunction;
import mechinterp.model.AttentionConfig;
import mechinterp.model.LayerAttention;
import mechinterp.model.RotaryConfig;
import mechinterp.model.family.ActivationNames;
import mechinterp.model.family.HeadFields;
import mechinterp.model.family.LayerTypes;
import mechinterp.model.family.RotaryFields;

/**
 * The fields of Gemma's config.json. Published files of Gemma 3 leave out what equals the defaults
 * of transformers, which stand here.
 *
 * @param file the whole file
 * @param text the part that describes the language model
 * @param third whether it is Gemma 3
 */
record GemmaFields(JsonField file, JsonField text, boolean third) {
  private static final double GLOBAL_THETA = 1_000_000;
  private static final double LOCAL_THETA = 10_000;
  private static final double EPSILON = 1e-6;
  private static final int WINDOW = 4096;

  static GemmaFields of(JsonField file) throws FormatException {
    JsonField nested = file.at("text_config");
    JsonField text = nested.isPresent() ? nested : file;
    text.at("use_bidirectional_attention").requireOff();
    return new GemmaFields(file, text, !file.at("model_type").text().equals("gemma2"));
  }

  int dModel() throws FormatException {
    return text.at("hidden_size").size(2304);
  }

  int dVocab() throws FormatException {
    return text.at("vocab_size").size(third ? 262_208 : 256_000);
  }

  int nCtx() throws FormatException {
    return text.at("max_position_embeddings").size(third ? 131_072 : 8192);
  }

  int dMlp() throws FormatException {
    return text.at("intermediate_size").size(9216);
  }

  float epsilon() throws FormatException {
    return (float) text.at("rms_norm_eps").number(EPSILON);
  }

  ActivationFunction activation() throws FormatException {
    return ActivationNames.read(
        text.atFirst("hidden_activation", "hidden_act"), ActivationFunction.GELU_TANH);
  }

  boolean tied() throws FormatException {
    JsonField inText = text.at("tie_word_embeddings");
    return (inText.isPresent() ? inText : file.at("tie_word_embeddings")).flag(true);
  }

  /** Returns the cap of the logits; 0 for none. */
  float finalSoftCap() throws FormatException {
    return cap("final_logit_softcapping", 30);
  }

  /** Gemma 2 caps where the file does not say; null switches that off. */
  private float cap(String name, double ofGemma2) throws FormatException {
    JsonField field = text.at(name);
    boolean byDefault = field.isMissing() && !third;
    return (float) field.number(byDefault ? ofGemma2 : 0);
  }

  AttentionConfig attention() throws FormatException {
    int heads = text.at("num_attention_heads").size(8);
    int keyValueHeads = text.at("num_key_value_heads").size(4);
    boolean biases = text.at("attention_bias").flag(false);
    double scalar = text.at("query_pre_attn_scalar").number(256);
    return HeadFields.grouped(text, heads, keyValueHeads, dHead())
        .withScale((float) (1 / Math.sqrt(scalar)))
        .withSoftCap(cap("attn_logit_softcapping", 50))
        .withQueryKeyNorm(third)
        .withBiases(biases, biases);
  }

  private int dHead() throws FormatException {
    return text.at("head_dim").size(256);
  }

  List<LayerAttention> layers() throws FormatException {
    int pattern = third ? text.at("sliding_window_pattern").size(6) : 2;
    JsonField window = text.at("sliding_window");
    LayerTypes types =
        LayerTypes.full(LayerTypes.count(text.at("num_hidden_layers"), 26), global());
    return window.isMissing() || window.isPresent()
        ? types
            .withSliding(window.size(WINDOW), local())
            .read(text, layer -> (layer + 1) % pattern != 0)
        : types.read(text, _ -> false);
  }

  /** The rotation of layers that see everything. */
  private RotaryConfig global() throws FormatException {
    return third
        ? fields(LayerTypes.FULL).ofWholeHeads(dHead(), GLOBAL_THETA)
        : RotaryFields.of(text).ofWholeHeads(dHead(), LOCAL_THETA);
  }

  /**
   * The rotation of layers that see the last tokens: in older files unscaled, with its own base.
   */
  private RotaryConfig local() throws FormatException {
    if (!third) {
      return global();
    }
    if (text.at("rope_parameters").isPresent()) {
      return fields(LayerTypes.SLIDING).ofWholeHeads(dHead(), LOCAL_THETA);
    }
    return RotaryConfig.of(dHead(), text.at("rope_local_base_freq").number(LOCAL_THETA));
  }

  private RotaryFields fields(String layerType) throws FormatException {
    return text.at("rope_parameters").isPresent()
        ? RotaryFields.ofLayers(text, layerType)
        : RotaryFields.of(text);
  }
}
