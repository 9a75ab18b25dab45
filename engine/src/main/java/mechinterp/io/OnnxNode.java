package mechinterp.io;

import java.util.List;

/**
 * An operation of an ONNX graph.
 *
 * @param name the node's name; exporters build it from the path of the module, such as {@code
 *     /encoder/layer.0/attention/self/query/MatMul}; empty when the file gives none
 * @param opType the operation, such as {@code MatMul}
 * @param inputs names of the values that it reads: outputs of other nodes, initializers or graph
 *     inputs
 * @param outputs names of the values that it makes
 */
public record OnnxNode(String name, String opType, List<String> inputs, List<String> outputs) {
  /** Keeps copies of the lists. */
  public OnnxNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }
}
