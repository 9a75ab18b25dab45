package mechinterp.model.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.GgufFile;
import mechinterp.io.GgufMetadata;
import mechinterp.io.JsonField;
import mechinterp.model.LayerAttention;
import mechinterp.model.RotaryConfig;
import mechinterp.model.RotaryScaling;
import mechinterp.model.TransformerConfig;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The metadata of a GGUF file as the config.json that the same model has on the hub, so that a
 * family reads both alike.
 *
 * <p>Source: {@code gguf-py/gguf/constants.py} and {@code src/llama-model.cpp} of llama.cpp, where
 * the windows and scales of Gemma are written in the program and not in the file.
 */
public final class GgufConfig {
  private static final String ARCHITECTURE = "general.architecture";
  private static final String ROPE_FREQS = "rope_freqs.weight";
  private static final int GEMMA2_27B_LAYERS = 46;
  private static final int GEMMA3_27B_LAYERS = 62;

  private static final Map<String, String> MODEL_TYPES =
      Map.of(
          "gpt2", "gpt2",
          "gptneox", "gpt_neox",
          "llama", "llama",
          "qwen2", "qwen2",
          "qwen3", "qwen3",
          "gemma2", "gemma2",
          "gemma3", "gemma3_text");

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final String architecture;
  private final ObjectNode config = JsonNodeFactory.instance.objectNode();

  private GgufConfig(GgufFile file, String architecture) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = architecture;
  }

  /**
   * Returns the fields of config.json.
   *
   * @throws FormatException when the architecture or an option is not supported, or a key is
   *     missing
   */
  public static JsonField read(GgufFile file) throws FormatException {
    String architecture = file.metadata().string(ARCHITECTURE);
    String modelType = MODEL_TYPES.get(architecture);
    if (modelType == null) {
      throw new FormatException(
          file.path().toString(),
          "metadata %s is \"%s\"; supported are %s"
              .formatted(
                  ARCHITECTURE, architecture, MODEL_TYPES.keySet().stream().sorted().toList()));
    }
    GgufConfig reading = new GgufConfig(file, architecture);
    reading.config.put("model_type", modelType);
    reading.addAll();
    return new JsonField(file.path() + " (metadata as config.json)", "", reading.config);
  }

  /** Returns whether q and k lie in the order of {@link Outputs.PairsSideBySide}. */
  static boolean isLlama(GgufFile file) {
    try {
      return file.metadata().string(ARCHITECTURE).equals("llama");
    } catch (FormatException _) {
      return false;
    }
  }

  private void addAll() throws FormatException {
    refuse("expert_count");
    addSizes();
    switch (architecture) {
      case "gpt2" -> config.put("activation_function", "gelu_new");
      case "gptneox" -> addNeox();
      case "gemma2", "gemma3" -> addGemma();
      default -> addWholeHeads();
    }
  }

  private void refuse(String key) throws FormatException {
    int count = metadata.integer(key(key), 0);
    if (count != 0) {
      throw new FormatException(
          file.path().toString(),
          "metadata %s is %d; mixtures of experts are not supported".formatted(key(key), count));
    }
  }

  private void addSizes() throws FormatException {
    int dModel = metadata.integer(key("embedding_length"));
    int heads = metadata.integer(key("attention.head_count"));
    config.put("hidden_size", dModel);
    config.put("num_hidden_layers", metadata.integer(key("block_count")));
    config.put("num_attention_heads", heads);
    config.put("num_key_value_heads", metadata.integer(key("attention.head_count_kv"), heads));
    putIfThere("head_dim", "attention.key_length");
    config.put("max_position_embeddings", metadata.integer(key("context_length")));
    config.put(architecture.equals("gpt2") ? "n_inner" : "intermediate_size", dMlp());
    config.put("vocab_size", (int) Math.min(Integer.MAX_VALUE, vocabulary()));
    config.put("tie_word_embeddings", !file.tensors().contains("output.weight"));
    config.put("attention_bias", hasBiases());
    addEpsilon();
  }

  private long vocabulary() throws FormatException {
    return file.info("token_embd.weight").rows();
  }

  private int dMlp() throws FormatException {
    return metadata.integer(key("feed_forward_length"));
  }

  private boolean hasBiases() {
    return file.tensors().contains("blk.0.attn_q.bias")
        || file.tensors().contains("blk.0.attn_qkv.bias");
  }

  private void addEpsilon() throws FormatException {
    switch (architecture) {
      case "gpt2" -> config.put("layer_norm_epsilon", layerNormEpsilon());
      case "gptneox" -> config.put("layer_norm_eps", layerNormEpsilon());
      default ->
          config.put("rms_norm_eps", metadata.number(key("attention.layer_norm_rms_epsilon")));
    }
  }

  private double layerNormEpsilon() throws FormatException {
    return metadata.number(key("attention.layer_norm_epsilon"));
  }

  private void addNeox() throws FormatException {
    addRotary();
    config.put("hidden_act", "gelu");
    config.put("use_parallel_residual", metadata.bool(key("use_parallel_residual"), true));
    double dHead = metadata.integer(key("embedding_length")) / (double) heads();
    int dRotary = metadata.integer(key("rope.dimension_count"));
    config.put("rotary_pct", Math.nextUp(dRotary / dHead));
  }

  private int heads() throws FormatException {
    return metadata.integer(key("attention.head_count"));
  }

  private void addWholeHeads() throws FormatException {
    addRotary();
    int share = metadata.integer(key("embedding_length")) / Math.max(1, heads());
    int dHead = metadata.integer(key("attention.key_length"), share);
    int dRotary = metadata.integer(key("rope.dimension_count"), dHead);
    if (dRotary != dHead) {
      throw new FormatException(
          file.path().toString(),
          "metadata %s is %d; of a head's %d columns all must turn"
              .formatted(key("rope.dimension_count"), dRotary, dHead));
    }
  }

  private void addRotary() throws FormatException {
    if (metadata.contains(key("rope.freq_base"))) {
      config.put("rope_theta", metadata.number(key("rope.freq_base")));
    }
    String type = metadata.string(key("rope.scaling.type"), "none");
    if (!type.equals("none")) {
      ObjectNode scaling = config.putObject("rope_scaling");
      scaling.put("rope_type", type);
      scaling.put("factor", metadata.number(key("rope.scaling.factor"), 1));
    }
  }

  private void addGemma() throws FormatException {
    addRotary();
    if (metadata.contains(key("rope.freq_base_swa"))) {
      config.put("rope_local_base_freq", metadata.number(key("rope.freq_base_swa")));
    }
    putIfThere("sliding_window", "attention.sliding_window");
    config.put("query_pre_attn_scalar", queryScalar());
    putNumberIfThere("attn_logit_softcapping", "attn_logit_softcapping");
    putNumberIfThere("final_logit_softcapping", "final_logit_softcapping");
  }

  /** The largest models divide scores by the root of d_model / n_heads instead of d_head. */
  private int queryScalar() throws FormatException {
    int layers = metadata.integer(key("block_count"));
    boolean largest =
        layers == (architecture.equals("gemma2") ? GEMMA2_27B_LAYERS : GEMMA3_27B_LAYERS);
    int share = metadata.integer(key("embedding_length")) / Math.max(1, heads());
    return largest ? share : metadata.integer(key("attention.key_length"), share);
  }

  private void putIfThere(String field, String key) throws FormatException {
    if (metadata.contains(key(key))) {
      config.put(field, metadata.integer(key(key)));
    }
  }

  private void putNumberIfThere(String field, String key) throws FormatException {
    if (metadata.contains(key(key))) {
      config.put(field, metadata.number(key(key)));
    }
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  /**
   * Returns a config whose rotary positions have the divisors of the file, if it has such: so GGUF
   * says what config.json calls {@code llama3}.
   */
  public static TransformerConfig withDivisors(TransformerConfig config, GgufFile file)
      throws FormatException {
    if (!file.tensors().contains(ROPE_FREQS)) {
      return config;
    }
    List<Float> divisors = new ArrayList<>();
    for (float divisor : file.floats(ROPE_FREQS)) {
      divisors.add(divisor);
    }
    return config.withLayers(
        config.layers().stream().map(layer -> scaled(layer, divisors)).toList());
  }

  private static LayerAttention scaled(LayerAttention layer, List<Float> divisors) {
    Optional<RotaryConfig> rotary =
        layer
            .rotary()
            .map(old ->
                new RotaryConfig(old.dRotary(), old.theta(), new RotaryScaling.Divisors(divisors)));
    return new LayerAttention(layer.window(), rotary);
  }
}
