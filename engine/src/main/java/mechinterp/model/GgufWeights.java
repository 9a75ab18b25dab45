package mechinterp.model;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import mechinterp.io.GgufFile;

/** Tensors of a GGUF file as they lie there, dequantised; shapes are in PyTorch's order. */
public final class GgufWeights implements Weights {
  private final GgufFile file;

  /** Makes the weights of a file, which must stay open as long as these are read. */
  public GgufWeights(GgufFile file) {
    this.file = file;
  }

  @Override
  public String source() {
    return file.path().toString();
  }

  @Override
  public Set<String> names() {
    return file.tensors();
  }

  @Override
  public boolean contains(String name) {
    return file.tensors().contains(name);
  }

  @Override
  public List<Integer> shape(String name) throws IOException {
    return FileShape.of(source(), name, file.info(name).shape());
  }

  @Override
  public float[] floats(String name) throws IOException {
    return file.floats(name);
  }

  @Override
  public float[] floats(String name, int firstRow, int rows) throws IOException {
    return file.floats(name, firstRow, rows);
  }
}
