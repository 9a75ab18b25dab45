package mechinterp.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import mechinterp.io.FormatException;
import mechinterp.io.OnnxFile;
import mechinterp.io.OnnxNode;
import mechinterp.io.OnnxTensor;

/**
 * Weights in an ONNX file that PyTorch exported. The exporter stores linear weights transposed,
 * [in, out], under names that say nothing, such as {@code onnx::MatMul_885}; the product's node has
 * the module's path in its name: {@code /encoder/layer.0/attention/self/query/MatMul} multiplies
 * with {@code encoder.layer.0.attention.self.query.weight}. The other tensors keep their names.
 */
public final class OnnxWeights implements Weights {
  private static final String PRODUCT = "/MatMul";

  private final OnnxFile file;
  private final Map<String, String> productWeights = new HashMap<>();

  /** Finds the weights of the products in a file. */
  public OnnxWeights(OnnxFile file) {
    this.file = file;
    file.nodes().forEach(this::addProduct);
  }

  private void addProduct(OnnxNode node) {
    boolean named = node.name().startsWith("/") && node.name().endsWith(PRODUCT);
    if (node.opType().equals("MatMul") && named && node.inputs().size() == 2) {
      String path = node.name().substring(1, node.name().length() - PRODUCT.length());
      productWeights.put(path.replace('/', '.') + ".weight", node.inputs().get(1));
    }
  }

  @Override
  public String source() {
    return file.name();
  }

  @Override
  public Set<String> names() {
    Set<String> names = new TreeSet<>(file.tensors().keySet());
    names.removeAll(productWeights.values());
    names.addAll(productWeights.keySet());
    return names;
  }

  @Override
  public boolean contains(String name) {
    return file.tensors().containsKey(name)
        || file.tensors().containsKey(productWeights.getOrDefault(name, name));
  }

  @Override
  public List<Integer> shape(String name) throws FormatException {
    return tensor(name).shape();
  }

  @Override
  public float[] floats(String name) throws FormatException {
    return tensor(name).floats();
  }

  private OnnxTensor tensor(String name) throws FormatException {
    return file.tensors().containsKey(name)
        ? file.tensor(name)
        : file.tensor(productWeights.getOrDefault(name, name));
  }
}
