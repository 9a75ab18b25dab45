package mechinterp.io;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects the nodes and tensors of an ONNX model; field numbers are those of onnx.proto. */
final class OnnxGraphReader {
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_OUTPUT = 2;
  private static final int NODE_NAME = 3;
  private static final int NODE_OP_TYPE = 4;
  private static final int NODE_ATTRIBUTE = 5;
  private static final int ATTRIBUTE_TENSOR = 5;

  private final String file;
  private final ProtobufReader reader;
  private final List<OnnxNode> nodes;
  private final Map<String, OnnxTensor> tensors;
  private boolean graphSeen;

  OnnxGraphReader(
      String file, InputStream in, List<OnnxNode> nodes, Map<String, OnnxTensor> tensors) {
    this.file = file;
    this.reader = new ProtobufReader(file, in);
    this.nodes = nodes;
    this.tensors = tensors;
  }

  void read() throws IOException {
    reader.readAll(field -> {
      if (field == MODEL_GRAPH) {
        reader.readMessage(this::readGraphField);
        graphSeen = true;
      } else {
        reader.skip();
      }
    });
    if (!graphSeen) {
      throw reader.failure("no graph", "an ONNX model");
    }
  }

  private void readGraphField(int field) throws IOException {
    switch (field) {
      case GRAPH_NODE -> readNode();
      case GRAPH_INITIALIZER -> readInitializer();
      default -> reader.skip();
    }
  }

  private void readInitializer() throws IOException {
    OnnxTensorReader tensor = new OnnxTensorReader(file, reader);
    tensor.read();
    keep(tensor.build(tensor.name()));
  }

  private void keep(OnnxTensor tensor) throws FormatException {
    if (tensors.put(tensor.name(), tensor) != null) {
      throw reader.failure("a second tensor " + tensor.name(), "names that differ");
    }
  }

  private void readNode() throws IOException {
    NodeFields node = new NodeFields();
    reader.readMessage(node::read);
    nodes.add(new OnnxNode(node.name, node.opType, node.inputs, node.outputs));
    if (node.opType.equals("Constant") && node.value.isPresent() && !node.outputs.isEmpty()) {
      keep(node.value.get().build(node.outputs.getFirst()));
    }
  }

  /** The fields of a node read so far. */
  private final class NodeFields {
    private String name = "";
    private String opType = "";
    private final List<String> inputs = new ArrayList<>();
    private final List<String> outputs = new ArrayList<>();
    private Optional<OnnxTensorReader> value = Optional.empty();

    void read(int field) throws IOException {
      switch (field) {
        case NODE_NAME -> name = reader.readString();
        case NODE_OP_TYPE -> opType = reader.readString();
        case NODE_INPUT -> inputs.add(reader.readString());
        case NODE_OUTPUT -> outputs.add(reader.readString());
        case NODE_ATTRIBUTE -> reader.readMessage(this::readAttribute);
        default -> reader.skip();
      }
    }

    private void readAttribute(int field) throws IOException {
      if (field == ATTRIBUTE_TENSOR) {
        OnnxTensorReader tensor = new OnnxTensorReader(file, reader);
        tensor.read();
        value = Optional.of(tensor);
      } else {
        reader.skip();
      }
    }
  }
}
