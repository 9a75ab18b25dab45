package mechinterp.io;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The graph of an ONNX file as far as a model's weights need it: nodes, initializers and the values
 * of {@code Constant} nodes. Nothing is executed.
 *
 * <p>Source: onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
public final class OnnxFile {
  private static final int BUFFER_BYTES = 1 << 16;

  private final String name;
  private final List<OnnxNode> nodes;
  private final Map<String, OnnxTensor> tensors;

  private OnnxFile(String name, List<OnnxNode> nodes, Map<String, OnnxTensor> tensors) {
    this.name = name;
    this.nodes = List.copyOf(nodes);
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Reads a file to its end.
   *
   * @param name the file's name for error messages
   * @param in the file's bytes; not closed
   * @throws FormatException when the bytes are no ONNX model, are cut off, or use what is not
   *     supported (tensors in other files or in segments)
   */
  public static OnnxFile read(String name, InputStream in) throws IOException {
    List<OnnxNode> nodes = new ArrayList<>();
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    new OnnxGraphReader(name, new BufferedInputStream(in, BUFFER_BYTES), nodes, tensors).read();
    return new OnnxFile(name, nodes, tensors);
  }

  /** Returns the file's name. */
  public String name() {
    return name;
  }

  /** Returns the operations in the order of the file. */
  public List<OnnxNode> nodes() {
    return nodes;
  }

  /** Returns the node of a name, if there is one. */
  public Optional<OnnxNode> node(String nodeName) {
    return nodes.stream().filter(node -> node.name().equals(nodeName)).findFirst();
  }

  /**
   * Returns initializers by name and values of {@code Constant} nodes by the name of their output,
   * in the order of the file.
   */
  public Map<String, OnnxTensor> tensors() {
    return tensors;
  }

  /**
   * Returns a tensor.
   *
   * @throws FormatException when the file has none of this name
   */
  public OnnxTensor tensor(String tensorName) throws FormatException {
    OnnxTensor tensor = tensors.get(tensorName);
    if (tensor == null) {
      throw new FormatException(
          name,
          "no tensor %s among %d; expected it among the initializers"
              .formatted(tensorName, tensors.size()));
    }
    return tensor;
  }
}
