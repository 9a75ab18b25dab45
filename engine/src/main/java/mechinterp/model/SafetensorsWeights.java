package mechinterp.model;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import mechinterp.io.ShardedSafetensors;

/** Tensors of one safetensors file or of several, as they lie there. */
public final class SafetensorsWeights implements Weights {
  private final ShardedSafetensors files;

  /** Makes the weights of files, which must stay open as long as these are read. */
  public SafetensorsWeights(ShardedSafetensors files) {
    this.files = files;
  }

  @Override
  public String source() {
    return files.source();
  }

  @Override
  public Set<String> names() {
    return files.tensors();
  }

  @Override
  public boolean contains(String name) {
    return files.tensors().contains(name);
  }

  @Override
  public List<Integer> shape(String name) throws IOException {
    return FileShape.of(source(), name, files.info(name).shape());
  }

  @Override
  public float[] floats(String name) throws IOException {
    return files.floats(name);
  }

  @Override
  public float[] floats(String name, int firstRow, int rows) throws IOException {
    return files.floats(name, firstRow, rows);
  }
}
