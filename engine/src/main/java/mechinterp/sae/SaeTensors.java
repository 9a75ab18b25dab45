package mechinterp.sae;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.TensorInfo;
import mechinterp.tensor.FloatMatrix;

/** Brings the tensors of a weight file onto a device, a block of rows at a time. */
final class SaeTensors {
  private static final int BLOCK = 64;

  private final SafetensorsFile file;
  private final Device device;

  SaeTensors(SafetensorsFile file, Device device) {
    this.file = file;
    this.device = device;
  }

  /** Returns the Euclidean norm of each row; 1 for a row of zeros. */
  float[] rowNorms(String name) throws FormatException {
    TensorInfo info = file.info(name);
    int cols = (int) info.rowSize();
    float[] norms = new float[(int) info.rows()];
    for (int row = 0; row < norms.length; row++) {
      double square = 0;
      for (float value : block(info, row, 1)) {
        square += (double) value * value;
      }
      norms[row] = cols == 0 || square == 0 ? 1 : (float) Math.sqrt(square);
    }
    return norms;
  }

  /** matrix[i] = factors[i] times row i of the tensor. */
  void readRows(FloatMatrix matrix, String name, float[] factors) throws FormatException {
    TensorInfo info = file.info(name);
    for (int from = 0; from < matrix.rows(); from += BLOCK) {
      int to = Math.min(matrix.rows(), from + BLOCK);
      float[] rows = block(info, from, to - from);
      for (int i = 0; i < rows.length; i++) {
        rows[i] *= factors[from + i / matrix.cols()];
      }
      device.upload(matrix.rowRange(from, to), rows, 0);
    }
  }

  /** matrix[i] = factors[i] times column i of the tensor. */
  void readColumns(FloatMatrix matrix, String name, float[] factors) throws FormatException {
    TensorInfo info = file.info(name);
    for (int from = 0; from < matrix.cols(); from += BLOCK) {
      int to = Math.min(matrix.cols(), from + BLOCK);
      float[] rows = block(info, from, to - from);
      for (int i = 0; i < rows.length; i++) {
        rows[i] *= factors[i % matrix.rows()];
      }
      device.upload(matrix.columnRange(from, to), Transpose.of(rows, to - from, matrix.rows()), 0);
    }
  }

  /** row[0, i] = factors[i] times number i of the tensor. */
  void readBias(FloatMatrix row, String name, float[] factors) throws FormatException {
    float[] values = block(file.info(name), 0, row.cols());
    for (int i = 0; i < values.length; i++) {
      values[i] *= factors[i];
    }
    device.upload(row, values, 0);
  }

  private float[] block(TensorInfo info, int firstRow, int rows) throws FormatException {
    int rowSize = (int) info.rowSize();
    float[] values = new float[Math.multiplyExact(rows, rowSize)];
    file.readFloats(info, (long) firstRow * rowSize, values, 0, values.length);
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new FormatException(
            file.source(),
            "tensor \"%s\" has %s at number %d; all must be finite"
                .formatted(info.name(), values[i], (long) firstRow * rowSize + i));
      }
    }
    return values;
  }

  /** Returns factors that change nothing. */
  static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }
}
