package mechinterp.model.bert;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.model.WeightNames;
import mechinterp.model.Weights;

/**
 * Weights of Hugging Face's {@code BertModel}, with linear maps [in, out], under canonical names.
 * Others that the file has, such as the pooler's, are left out.
 */
final class BertWeights implements Weights {
  private final Weights file;
  private final Map<String, String> fileNames = new LinkedHashMap<>();

  BertWeights(Weights file, int layers) {
    this.file = file;
    fileNames.put(WeightNames.W_E, "embeddings.word_embeddings.weight");
    fileNames.put(WeightNames.W_POS, "embeddings.position_embeddings.weight");
    fileNames.put(WeightNames.W_TOKEN_TYPE, "embeddings.token_type_embeddings.weight");
    addNorm(WeightNames.LN_EMBED, "embeddings.LayerNorm");
    for (int layer = 0; layer < layers; layer++) {
      addBlock(WeightNames.inBlock(layer, ""), "encoder.layer." + layer + ".");
    }
  }

  private void addBlock(String block, String module) {
    addLinear(block + "attn.", "Q", module + "attention.self.query");
    addLinear(block + "attn.", "K", module + "attention.self.key");
    addLinear(block + "attn.", "V", module + "attention.self.value");
    addLinear(block + "attn.", "O", module + "attention.output.dense");
    addNorm(block + "ln1", module + "attention.output.LayerNorm");
    addLinear(block + "mlp.", "in", module + "intermediate.dense");
    addLinear(block + "mlp.", "out", module + "output.dense");
    addNorm(block + "ln2", module + "output.LayerNorm");
  }

  private void addLinear(String layer, String letters, String module) {
    fileNames.put(layer + "W_" + letters, module + ".weight");
    fileNames.put(layer + "b_" + letters, module + ".bias");
  }

  private void addNorm(String name, String module) {
    fileNames.put(name + ".w", module + ".weight");
    fileNames.put(name + ".b", module + ".bias");
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Set<String> names() {
    return fileNames.keySet();
  }

  @Override
  public String nameInFile(String name) {
    return fileNames.getOrDefault(name, name);
  }

  @Override
  public boolean contains(String name) {
    return file.contains(nameInFile(name));
  }

  @Override
  public List<Integer> shape(String name) throws IOException {
    return file.shape(nameInFile(name));
  }

  @Override
  public float[] floats(String name) throws IOException {
    return file.floats(nameInFile(name));
  }
}
