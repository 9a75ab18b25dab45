package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.MatrixLayout;

/** A matrix in host memory, element by element: how the reference sees it. */
final class Elements {
  private final float[] array;
  private final MatrixLayout layout;

  Elements(FloatMatrix matrix) {
    array = HostMemory.floats(matrix);
    layout = matrix.layout();
  }

  /** The number of an element by its place. */
  interface Formula {
    float at(int row, int col);
  }

  int rows() {
    return layout.rows();
  }

  int cols() {
    return layout.cols();
  }

  float get(int row, int col) {
    return array[layout.index(row, col)];
  }

  void set(int row, int col, float value) {
    array[layout.index(row, col)] = value;
  }

  void write(int row, int col, float value, Write write) {
    set(row, col, write == Write.SET ? value : get(row, col) + value);
  }

  void setEach(Formula formula) {
    for (int i = 0; i < rows(); i++) {
      for (int j = 0; j < cols(); j++) {
        set(i, j, formula.at(i, j));
      }
    }
  }

  double dot(int row, Elements other, int otherRow) {
    double sum = 0;
    for (int j = 0; j < cols(); j++) {
      sum += (double) get(row, j) * other.get(otherRow, j);
    }
    return sum;
  }

  /** Returns a row in a new array. */
  double[] row(int row) {
    double[] values = new double[cols()];
    for (int j = 0; j < values.length; j++) {
      values[j] = get(row, j);
    }
    return values;
  }

  /** Rounds the values into a row. */
  void setRow(int row, double[] values) {
    for (int j = 0; j < values.length; j++) {
      set(row, j, (float) values[j]);
    }
  }

  void copyRow(float[] to, int offset, int row) {
    System.arraycopy(array, layout.index(row, 0), to, offset, cols());
  }
}
