package mechinterp.experiments.golden;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import mechinterp.io.SafetensorsWriter;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;

/**
 * Writes what ONNX Runtime computes inside all-MiniLM-L6-v2 for a few texts: the oracle for {@code
 * MiniLmGoldenTest}. How to run it: docs/models.md.
 */
public final class MiniLmGolden {
  private static final String MODEL = "/all-minilm-l6-v2.onnx";
  private static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";
  private static final int LAYERS = 6;
  private static final int DETAILED_LAYER = 3;
  private static final int KEPT_COLUMNS_OF_LONG_TEXT = 8;

  /** The first text is looked into in detail, of the last one only a few columns are kept. */
  private static final List<String> TEXTS =
      List.of(
          "Hi",
          "That is a happy person",
          "Na\u00efve \u4f60\u597d!",
          "The European Parliament met again on Monday, and after a long debate about fisheries, milk quotas and the"
              + " budget of the coming year the President closed the session at eleven o'clock in the evening; members"
              + " who had asked to speak were told that their names would be kept for Tuesday's sitting.");

  private MiniLmGolden() {}

  /** Writes the file that is the only argument. */
  public static void main(String[] arguments) throws IOException, OrtException {
    SafetensorsWriter golden = new SafetensorsWriter();
    Tokenizer tokenizer;
    try (InputStream in = resource(TOKENIZER)) {
      tokenizer = Tokenizers.ofJson(TOKENIZER, in);
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    byte[] model = withOutputs(read(MODEL), values().values());
    try (OrtSession session = environment.createSession(model, new OrtSession.SessionOptions())) {
      for (int i = 0; i < TEXTS.size(); i++) {
        golden.metadata("text " + i, TEXTS.get(i));
        int[] ids = tokenizer.encode(TEXTS.get(i)).ids();
        golden.ints(i + " ids", ids, ids.length);
        record(golden, environment, session, i, ids);
      }
    }
    golden.write(Path.of(arguments[0]));
  }

  /** Returns the values of the graph by the names of their hook points. */
  private static Map<String, String> values() {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("hook_full_embed", "/embeddings/LayerNorm/Add_1_output_0");
    for (int layer = 0; layer < LAYERS; layer++) {
      boolean last = layer == LAYERS - 1;
      values.put(
          "blocks." + layer + ".hook_normalized_resid_post",
          last ? "output_0" : "/encoder/layer." + layer + "/output/LayerNorm/Add_1_output_0");
    }
    values.put("embed.hook_embed", "/embeddings/word_embeddings/Gather_output_0");
    values.put("embed.hook_pos_embed", "/embeddings/position_embeddings/Gather_output_0");
    values.put("embed.hook_token_type_embed", "/embeddings/token_type_embeddings/Gather_output_0");
    String hook = "blocks." + DETAILED_LAYER + ".";
    String node = "/encoder/layer." + DETAILED_LAYER + "/";
    values.put(hook + "attn.hook_q", node + "attention/self/query/Add_output_0");
    values.put(hook + "attn.hook_k", node + "attention/self/key/Add_output_0");
    values.put(hook + "attn.hook_v", node + "attention/self/value/Add_output_0");
    values.put(hook + "attn.hook_z", node + "attention/self/Reshape_3_output_0");
    values.put(hook + "hook_attn_out", node + "attention/output/dense/Add_output_0");
    values.put(hook + "hook_resid_mid", node + "attention/output/Add_output_0");
    values.put(hook + "mlp.hook_pre", node + "intermediate/dense/Add_output_0");
    values.put(hook + "mlp.hook_post", node + "intermediate/intermediate_act_fn/Mul_1_output_0");
    values.put(hook + "hook_mlp_out", node + "output/dense/Add_output_0");
    values.put(hook + "hook_resid_post", node + "output/Add_output_0");
    return values;
  }

  private static void record(
      SafetensorsWriter golden, OrtEnvironment environment, OrtSession session, int text, int[] ids)
      throws OrtException {
    int tokens = ids.length;
    long[] shape = {1, tokens};
    long[] ones = LongStream.generate(() -> 1).limit(tokens).toArray();
    long[] longIds = IntStream.of(ids).asLongStream().toArray();
    try (OnnxTensor input = tensor(environment, longIds, shape);
        OnnxTensor mask = tensor(environment, ones, shape);
        OnnxTensor types = tensor(environment, new long[tokens], shape);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", types))) {
      for (Map.Entry<String, String> value : values().entrySet()) {
        boolean everyText =
            value.getKey().equals("hook_full_embed") || value.getKey().contains("normalized");
        if (everyText || text == 0) {
          OnnxTensor found = (OnnxTensor) result.get(value.getValue()).orElseThrow();
          float[] numbers = new float[found.getFloatBuffer().remaining()];
          found.getFloatBuffer().get(numbers);
          float[] kept = text == TEXTS.size() - 1 ? firstColumns(numbers, tokens) : numbers;
          golden.floats(text + " " + value.getKey(), kept, tokens, kept.length / tokens);
        }
      }
    }
  }

  private static OnnxTensor tensor(OrtEnvironment environment, long[] values, long[] shape)
      throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
  }

  private static float[] firstColumns(float[] numbers, int rows) {
    int width = numbers.length / rows;
    float[] kept = new float[rows * KEPT_COLUMNS_OF_LONG_TEXT];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(
          numbers, i * width, kept, i * KEPT_COLUMNS_OF_LONG_TEXT, KEPT_COLUMNS_OF_LONG_TEXT);
    }
    return kept;
  }

  /**
   * Appends a second, partial ModelProto: protobuf readers merge it with the first one, which adds
   * its outputs to those of the graph.
   */
  private static byte[] withOutputs(byte[] model, Iterable<String> names) {
    ByteArrayOutputStream graph = new ByteArrayOutputStream();
    for (String name : names) {
      if (!name.equals("output_0")) {
        graph.writeBytes(field(12, valueInfo(name)));
      }
    }
    byte[] addition = field(7, graph.toByteArray());
    byte[] whole = Arrays.copyOf(model, model.length + addition.length);
    System.arraycopy(addition, 0, whole, model.length, addition.length);
    return whole;
  }

  /** Returns a ValueInfoProto: its name, and a tensor type of 32-bit floats without a shape. */
  private static byte[] valueInfo(String name) {
    byte[] float32 = {8, 1};
    ByteArrayOutputStream info = new ByteArrayOutputStream();
    info.writeBytes(field(1, name.getBytes(StandardCharsets.UTF_8)));
    info.writeBytes(field(2, field(1, float32)));
    return info.toByteArray();
  }

  /** Returns a protobuf field of bytes. */
  private static byte[] field(int number, byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write((number << 3) | 2);
    int length = value.length;
    while (length >= 0x80) {
      out.write((length & 0x7f) | 0x80);
      length >>>= 7;
    }
    out.write(length);
    out.writeBytes(value);
    return out.toByteArray();
  }

  private static byte[] read(String name) throws IOException {
    try (InputStream in = resource(name)) {
      return in.readAllBytes();
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(MiniLmGolden.class.getResourceAsStream(name), name);
  }
}
