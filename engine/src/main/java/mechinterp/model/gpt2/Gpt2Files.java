package mechinterp.model.gpt2;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsWriter;
import mechinterp.kernel.ActivationFunction;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightNames;
import mechinterp.model.Weights;

/**
 * Saves models of GPT-2's architecture as Hugging Face does, so that transformers loads them:
 * config.json and model.safetensors.
 */
public final class Gpt2Files {
  /** Name of the file with the sizes. */
  public static final String CONFIG = "config.json";

  /** Name of the file with the weights. */
  public static final String WEIGHTS = "model.safetensors";

  private final TransformerConfig config;
  private final Weights weights;
  private final DType dtype;
  private final SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");

  private Gpt2Files(TransformerConfig config, Weights weights, DType dtype) {
    this.config = config;
    this.weights = weights;
    this.dtype = dtype;
  }

  /**
   * Writes both files into a folder.
   *
   * @param folder where; it exists
   * @param config the model
   * @param weights its weights by the names of {@link WeightNames}
   * @param dtype how numbers are stored: F32, F16 or BF16
   * @param bos id of the token that begins a text
   * @param eos id of the token that ends a text
   * @throws IllegalArgumentException when GPT-2's config.json cannot say what the model is
   */
  public static void write(
      Path folder,
      TransformerConfig config,
      Weights weights,
      DType dtype,
      OptionalInt bos,
      OptionalInt eos)
      throws IOException {
    SequencedMap<String, Object> fields = fields(config);
    bos.ifPresent(id -> fields.put("bos_token_id", id));
    eos.ifPresent(id -> fields.put("eos_token_id", id));
    fields.put("torch_dtype", torchName(dtype));
    requireReadBack(config, fields);
    Json.write(folder.resolve(CONFIG), fields);
    new Gpt2Files(config, weights, dtype).writeWeights(folder.resolve(WEIGHTS));
  }

  private static SequencedMap<String, Object> fields(TransformerConfig config) {
    SequencedMap<String, Object> fields = new LinkedHashMap<>();
    fields.put("architectures", List.of("GPT2LMHeadModel"));
    fields.put("model_type", "gpt2");
    fields.put("vocab_size", config.dVocab());
    fields.put("n_positions", config.nCtx());
    fields.put("n_embd", config.dModel());
    fields.put("n_layer", config.nLayers());
    fields.put("n_head", config.nHeads());
    fields.put("n_inner", config.dMlp());
    fields.put("activation_function", name(config.mlp().activation()));
    fields.put("layer_norm_epsilon", Double.parseDouble(Float.toString(config.norm().epsilon())));
    fields.put("scale_attn_weights", config.attention().scale() != 1);
    fields.put("tie_word_embeddings", true);
    fields.put("attn_pdrop", 0.0);
    fields.put("embd_pdrop", 0.0);
    fields.put("resid_pdrop", 0.0);
    return fields;
  }

  private static String name(ActivationFunction function) {
    return switch (function) {
      case GELU -> "gelu";
      case GELU_TANH -> "gelu_new";
      case SILU -> "silu";
      case RELU -> "relu";
    };
  }

  private static String torchName(DType dtype) {
    return switch (dtype) {
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case F64, BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, I32, U32, I64, U64 ->
          throw new IllegalArgumentException(
              "gpt2: dtype is %s; it must be F32, F16 or BF16".formatted(dtype));
    };
  }

  private static void requireReadBack(TransformerConfig config, Map<String, Object> fields)
      throws FormatException {
    TransformerConfig back = new Gpt2().config(config.name(), JsonField.of(CONFIG, fields));
    if (!back.equals(config)) {
      throw new IllegalArgumentException(
          "gpt2: %s; GPT-2's config.json can say only %s".formatted(config, back));
    }
  }

  private void writeWeights(Path file) throws IOException {
    addSame("wte.weight", WeightNames.W_E);
    addSame("wpe.weight", WeightNames.W_POS);
    for (int layer = 0; layer < config.nLayers(); layer++) {
      addBlock("h." + layer + ".", WeightNames.inBlock(layer, ""));
    }
    addNorm("ln_f", WeightNames.LN_FINAL);
    writer.write(file);
  }

  private void addBlock(String inFile, String block) throws IOException {
    addNorm(inFile + "ln_1", block + "ln1");
    addJoined(inFile + "attn.c_attn", block + "attn.");
    addLinear(inFile + "attn.c_proj", block + "attn.", "O");
    addNorm(inFile + "ln_2", block + "ln2");
    addLinear(inFile + "mlp.c_fc", block + "mlp.", "in");
    addLinear(inFile + "mlp.c_proj", block + "mlp.", "out");
  }

  private void addNorm(String inFile, String name) throws IOException {
    addSame(inFile + ".weight", name + ".w");
    addSame(inFile + ".bias", name + ".b");
  }

  private void addLinear(String inFile, String module, String name) throws IOException {
    addSame(inFile + ".weight", module + "W_" + name);
    addSame(inFile + ".bias", module + "b_" + name);
  }

  private void addSame(String inFile, String name) throws IOException {
    long[] shape = weights.shape(name).stream().mapToLong(Integer::longValue).toArray();
    writer.tensor(
        "transformer." + inFile,
        dtype,
        sink -> {
          float[] values = weights.floats(name);
          sink.floats(values, 0, values.length);
        },
        shape);
  }

  /** Adds q, k and v side by side. */
  private void addJoined(String inFile, String attention) {
    int in = config.dModel();
    int out = config.attention().queryWidth();
    addJoined(inFile + ".weight", attention + "W_", out, new long[] {in, 3L * out});
    addJoined(inFile + ".bias", attention + "b_", out, new long[] {3L * out});
  }

  private void addJoined(String inFile, String names, int out, long[] shape) {
    writer.tensor(
        "transformer." + inFile,
        dtype,
        sink -> {
          float[] q = weights.floats(names + "Q");
          float[] k = weights.floats(names + "K");
          float[] v = weights.floats(names + "V");
          for (int row = 0; row < q.length; row += out) {
            sink.floats(q, row, out);
            sink.floats(k, row, out);
            sink.floats(v, row, out);
          }
        },
        shape);
  }
}
