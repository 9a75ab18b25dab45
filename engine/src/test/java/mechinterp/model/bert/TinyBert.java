package mechinterp.model.bert;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.io.OnnxBytes;
import mechinterp.io.OnnxFile;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.model.WeightsInMemory;
import mechinterp.random.RandomStream;
import mechinterp.tokenizer.TinyWordPiece;

/** A BERT of two small blocks with random weights, for tests. */
public final class TinyBert extends WeightsInMemory {
  /** Its sizes: awkward ones where there is a choice. */
  public static final TransformerConfig CONFIG =
      Bert.config("tiny", 2, 10, 2, 3, 7, 16, 9, 2, 1e-6f);

  /** The node by which a file shows that its activation function is GELU by erf. */
  public static final String GELU = "/encoder/layer.0/intermediate/intermediate_act_fn/Erf";

  private static final int HEADS = CONFIG.nHeads() * CONFIG.dHead();
  private static final double DEVIATION = 0.5;

  private final RandomStream random;
  private long drawn;

  /** Makes the weights of a seed. */
  public TinyBert(long seed) {
    super("tiny weights", new LinkedHashMap<>());
    random = RandomStream.of(seed, "tiny bert");
    matrix("embeddings.word_embeddings.weight", CONFIG.dVocab(), CONFIG.dModel());
    matrix("embeddings.position_embeddings.weight", CONFIG.nCtx(), CONFIG.dModel());
    matrix(
        "embeddings.token_type_embeddings.weight",
        CONFIG.embedding().tokenTypes(),
        CONFIG.dModel());
    layerNorm("embeddings.LayerNorm");
    for (int layer = 0; layer < CONFIG.nLayers(); layer++) {
      block("encoder.layer." + layer + ".");
    }
  }

  private void block(String name) {
    linear(name + "attention.self.query", CONFIG.dModel(), HEADS);
    linear(name + "attention.self.key", CONFIG.dModel(), HEADS);
    linear(name + "attention.self.value", CONFIG.dModel(), HEADS);
    linear(name + "attention.output.dense", HEADS, CONFIG.dModel());
    layerNorm(name + "attention.output.LayerNorm");
    linear(name + "intermediate.dense", CONFIG.dModel(), CONFIG.dMlp());
    linear(name + "output.dense", CONFIG.dMlp(), CONFIG.dModel());
    layerNorm(name + "output.LayerNorm");
  }

  private void linear(String name, int in, int out) {
    matrix(name + ".weight", in, out);
    vector(name + ".bias", out);
  }

  private void layerNorm(String name) {
    vector(name + ".weight", CONFIG.dModel());
    vector(name + ".bias", CONFIG.dModel());
  }

  private void matrix(String name, int rows, int cols) {
    put(name, List.of(rows, cols), rows * cols);
  }

  private void vector(String name, int size) {
    put(name, List.of(size), size);
  }

  private void put(String name, List<Integer> shape, int size) {
    float[] numbers = new float[size];
    random.fillGaussian(numbers, drawn, DEVIATION);
    drawn += size;
    values.put(name, numbers);
    shapes.put(name, shape);
  }

  /** Returns the model on a device. */
  public Transformer on(Device device) {
    try {
      return Bert.of(CONFIG, "tiny", this, TinyWordPiece.tokenizer(), device);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the model on a device, by way of an ONNX file as PyTorch writes it. */
  Transformer throughOnnx(Device device) throws IOException {
    OnnxFile file = OnnxFile.read("tiny.onnx", new ByteArrayInputStream(onnx().build()));
    return Bert.of("tiny", "tiny", file, TinyWordPiece.tokenizer(), device);
  }

  /** Returns an ONNX file in which weights of products have names that say nothing. */
  public OnnxBytes onnx() {
    OnnxBytes file = new OnnxBytes();
    values.forEach((name, numbers) -> addTo(file, name, numbers));
    return file.constant("heads", CONFIG.nHeads())
        .constant("d_head", CONFIG.dHead())
        .constant("eps", CONFIG.norm().epsilon())
        .node(
            "/encoder/layer.0/attention/self/Concat",
            "Concat",
            List.of("batch", "sequence", "heads", "d_head"),
            List.of("shape"))
        .node(GELU, "Erf", List.of("x"), List.of("y"))
        .node("/embeddings/LayerNorm/Add", "Add", List.of("variance", "eps"), List.of("sum"));
  }

  private void addTo(OnnxBytes file, String name, float[] numbers) {
    int[] shape = shape(name).stream().mapToInt(Integer::intValue).toArray();
    boolean product = name.startsWith("encoder") && shape.length == 2;
    String stored =
        product ? "onnx::MatMul_" + (800 + values.keySet().stream().toList().indexOf(name)) : name;
    file.floats(stored, numbers, shape);
    if (product) {
      file.node(nodeName(name), "MatMul", List.of("x", stored), List.of("y"));
    }
  }

  /** The exporter's name: dots between modules become slashes, but not the one in layer.0. */
  private static String nodeName(String weight) {
    String path = weight.substring(0, weight.length() - ".weight".length()).replace('.', '/');
    return "/" + path.replace("layer/", "layer.") + "/MatMul";
  }
}
