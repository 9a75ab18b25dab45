package mechinterp.training;

import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;

/**
 * Where a selector begins: U and V of rank r for which the mean over the data of |W x - U V x|^2 is
 * about the least that it can be. With S the mean of x x^T, the rows of V span the dominant
 * invariant subspace of W^T W S, which subspace iteration finds (Golub and Van Loan, section
 * 8.2.4), and
 *
 * <pre>
 *   U = W S V^T (V S V^T)^-1</pre>
 *
 * @param projection V [r, d], its rows orthonormal
 * @param rows U [F, r]
 * @param spread root mean square of the numbers V x
 */
record LowRankStart(FloatMatrix projection, FloatMatrix rows, double spread) {
  private static final int ITERATIONS = 12;

  /** What is added to the diagonal of V S V^T, as a share of its mean: floats are not exact. */
  private static final double RIDGE = 1e-6;

  /** A row that orthogonalising leaves no more of than this share is rounding. */
  private static final double VANISHED = 1e-6;

  /**
   * Finds the start.
   *
   * @param weights W [F, d]
   * @param moments S [d, d]
   * @throws IllegalArgumentException when all data is 0
   */
  static LowRankStart of(
      Device device, FloatMatrix weights, FloatMatrix moments, int rank, long seed) {
    Kernels kernels = device.kernels();
    int width = weights.cols();
    FloatMatrix gram = device.floats(width, width);
    kernels.matmul(gram, weights, Operand.TRANSPOSED, weights, Operand.AS_IS, Write.SET);
    FloatMatrix projection = device.matrix(rank, width, directions(rank, width, seed));
    FloatMatrix image = device.floats(rank, width);
    FloatMatrix next = device.floats(rank, width);
    for (int i = 0; i < ITERATIONS; i++) {
      kernels.matmul(image, projection, Operand.AS_IS, moments, Operand.AS_IS, Write.SET);
      kernels.matmul(next, image, Operand.AS_IS, gram, Operand.AS_IS, Write.SET);
      device.upload(projection, orthonormal(device.toHost(next), rank), 0);
    }
    kernels.matmul(image, projection, Operand.AS_IS, moments, Operand.AS_IS, Write.SET);
    FloatMatrix variances = device.floats(rank, rank);
    kernels.matmul(variances, image, Operand.AS_IS, projection, Operand.TRANSPOSED, Write.SET);
    Spread solved = Spread.of(device.toHost(variances), rank);
    device.upload(next, solved.divide(device.toHost(image)), 0);
    FloatMatrix rows = device.floats(weights.rows(), rank);
    kernels.matmul(rows, weights, Operand.AS_IS, next, Operand.TRANSPOSED, Write.SET);
    return new LowRankStart(projection, rows, solved.rootMeanSquare());
  }

  private static float[] directions(int rank, int width, long seed) {
    float[] directions = new float[Math.multiplyExact(rank, width)];
    RandomStream.of(seed, "selector/directions").fillGaussian(directions, 0, 1);
    return orthonormal(directions, rank);
  }

  /** Returns the rows made orthonormal one after the other (Gram and Schmidt, modified). */
  private static float[] orthonormal(float[] values, int rows) {
    double[][] basis = doubles(values, rows);
    float[] orthonormal = new float[values.length];
    for (int i = 0; i < rows; i++) {
      double[] row = basis[i];
      double before = Math.sqrt(dot(row, row));
      for (int j = 0; j < i; j++) {
        subtract(row, dot(row, basis[j]), basis[j]);
      }
      double after = Math.sqrt(dot(row, row));
      double factor = after > VANISHED * before ? 1 / after : 0;
      for (int p = 0; p < row.length; p++) {
        row[p] *= factor;
        orthonormal[i * row.length + p] = (float) row[p];
      }
    }
    return orthonormal;
  }

  private static double[][] doubles(float[] values, int rows) {
    int cols = values.length / rows;
    double[][] doubles = new double[rows][cols];
    for (int i = 0; i < values.length; i++) {
      doubles[i / cols][i % cols] = values[i];
    }
    return doubles;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void subtract(double[] from, double factor, double[] row) {
    for (int i = 0; i < from.length; i++) {
      from[i] -= factor * row[i];
    }
  }

  /**
   * A symmetric positive matrix as L L^T (Cholesky).
   *
   * @param factor L, below the diagonal and on it
   * @param rootMeanSquare root of the mean of the matrix' diagonal
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and read only here
  private record Spread(double[][] factor, double rootMeanSquare) {
    static Spread of(float[] values, int size) {
      double[][] matrix = doubles(values, size);
      double mean = 0;
      for (int i = 0; i < size; i++) {
        mean += matrix[i][i] / size;
      }
      if (!(mean > 0)) {
        throw new IllegalArgumentException(
            "activations: are all b_dec; a selector needs some that differ");
      }
      double[][] factor = new double[size][size];
      for (int i = 0; i < size; i++) {
        matrix[i][i] += RIDGE * mean;
        for (int j = 0; j <= i; j++) {
          double rest = matrix[i][j] - partOfDot(factor[i], factor[j], j);
          factor[i][j] = i == j ? Math.sqrt(Math.max(rest, RIDGE * mean)) : rest / factor[j][j];
        }
      }
      return new Spread(factor, Math.sqrt(mean));
    }

    private static double partOfDot(double[] a, double[] b, int end) {
      double sum = 0;
      for (int i = 0; i < end; i++) {
        sum += a[i] * b[i];
      }
      return sum;
    }

    /** Returns the inverse times a matrix of as many rows. */
    float[] divide(float[] values) {
      double[][] rows = doubles(values, factor.length);
      for (int i = 0; i < rows.length; i++) {
        for (int j = 0; j < i; j++) {
          subtract(rows[i], factor[i][j], rows[j]);
        }
        scale(rows[i], 1 / factor[i][i]);
      }
      for (int i = rows.length - 1; i >= 0; i--) {
        for (int j = i + 1; j < rows.length; j++) {
          subtract(rows[i], factor[j][i], rows[j]);
        }
        scale(rows[i], 1 / factor[i][i]);
      }
      return floats(rows);
    }

    private static void scale(double[] row, double by) {
      for (int i = 0; i < row.length; i++) {
        row[i] *= by;
      }
    }

    private static float[] floats(double[][] rows) {
      int cols = rows[0].length;
      float[] values = new float[rows.length * cols];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) rows[i / cols][i % cols];
      }
      return values;
    }
  }
}
