package mechinterp.activation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.TensorInfo;

/** Rows in a mapped safetensors file with a tensor {@code activations} [n, d_in]. */
final class MappedShard implements Shard {
  static final String ACTIVATIONS = "activations";
  static final String TOKEN_IDS = "token_ids";
  static final String DOCUMENTS = "documents";
  static final String POSITIONS = "positions";

  private static final int FLOATS_AT_ONCE = 1 << 18;

  /** Where the three columns are that say which tokens the rows belong to. */
  private record Columns(TensorInfo tokenIds, TensorInfo documents, TensorInfo positions) {}

  private final SafetensorsFile file;
  private final TensorInfo activations;
  private final int dIn;
  private final Optional<Columns> columns;

  private MappedShard(SafetensorsFile file, Optional<Columns> columns) throws FormatException {
    this.file = file;
    this.columns = columns;
    activations = file.info(ACTIVATIONS, -1, -1);
    if (!activations.dtype().isFloat()) {
      throw problem(
          file, ACTIVATIONS + " is " + activations.dtype() + "; it must be F32, F16, BF16 or F64");
    }
    dIn = width();
  }

  private int width() throws FormatException {
    long rows = activations.shape().get(0);
    long width = activations.shape().get(1);
    if (rows < 1 || width < 1) {
      throw problem(
          file, ACTIVATIONS + " is " + activations.shape() + "; there must be a row and a column");
    }
    if (rows > Integer.MAX_VALUE || width > Integer.MAX_VALUE) {
      throw problem(
          file, ACTIVATIONS + " is " + activations.shape() + "; a dimension must be below 2^31");
    }
    return (int) width;
  }

  /** Opens a file of activations of which nothing more is known, and checks that all are finite. */
  static MappedShard ofFile(Path path) throws IOException {
    return open(path, file -> checked(new MappedShard(file, Optional.empty())));
  }

  /** Opens a shard of a store, and checks its shape, its checksum and that all are finite. */
  static MappedShard ofStore(Path path, int rows, int dIn, String checksum) throws IOException {
    return open(path, file -> checked(ofStore(file, rows, dIn, checksum)));
  }

  private static MappedShard ofStore(SafetensorsFile file, int rows, int dIn, String checksum)
      throws FormatException {
    if (!file.checksum().equals(checksum)) {
      throw problem(
          file,
          "checksum is %s, store.json says %s; the shard is corrupted"
              .formatted(file.checksum(), checksum));
    }
    file.info(ACTIVATIONS, rows, dIn);
    Columns columns =
        new Columns(
            column(file, TOKEN_IDS, rows),
            column(file, DOCUMENTS, rows),
            column(file, POSITIONS, rows));
    return new MappedShard(file, Optional.of(columns));
  }

  private static TensorInfo column(SafetensorsFile file, String name, int rows)
      throws FormatException {
    TensorInfo info = file.info(name, rows);
    if (info.dtype() != DType.I32) {
      throw problem(file, name + " is " + info.dtype() + "; it must be I32");
    }
    return info;
  }

  @FunctionalInterface
  private interface Opening {
    MappedShard of(SafetensorsFile file) throws FormatException;
  }

  private static MappedShard open(Path path, Opening opening) throws IOException {
    SafetensorsFile file = SafetensorsFile.open(path);
    boolean complete = false;
    try {
      MappedShard shard = opening.of(file);
      complete = true;
      return shard;
    } finally {
      if (!complete) {
        file.close();
      }
    }
  }

  private static MappedShard checked(MappedShard shard) throws FormatException {
    int atOnce = Math.max(1, FLOATS_AT_ONCE / shard.dIn);
    float[] values = new float[Math.min(atOnce, shard.rows()) * shard.dIn];
    for (int first = 0; first < shard.rows(); first += atOnce) {
      int count = Math.min(atOnce, shard.rows() - first);
      shard.read(first, count, values, 0);
      shard.requireFinite(first, values, count * shard.dIn);
    }
    return shard;
  }

  private void requireFinite(int firstRow, float[] values, int count) throws FormatException {
    int wrong = FiniteNumbers.firstOther(values, 0, count);
    if (wrong >= 0) {
      throw problem(
          file,
          "%s[row %d, column %d] is %s; it must be a finite number"
              .formatted(ACTIVATIONS, firstRow + wrong / dIn, wrong % dIn, values[wrong]));
    }
  }

  private static FormatException problem(SafetensorsFile file, String problem) {
    return new FormatException(file.source(), problem);
  }

  int dIn() {
    return dIn;
  }

  @Override
  public int rows() {
    return (int) activations.rows();
  }

  @Override
  public void read(int firstRow, int count, float[] to, int offset) {
    file.readFloats(activations, (long) firstRow * dIn, to, offset, Math.multiplyExact(count, dIn));
  }

  @Override
  public void readOrigins(int firstRow, int count, TokenOrigins to, int offset) {
    Columns at = columns.orElseThrow();
    file.readInts(at.tokenIds, firstRow, to.tokenIds(), offset, count);
    file.readInts(at.documents, firstRow, to.documents(), offset, count);
    file.readInts(at.positions, firstRow, to.positions(), offset, count);
  }

  @Override
  public void close() {
    file.close();
  }
}
