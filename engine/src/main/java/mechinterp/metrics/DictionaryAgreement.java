package mechinterp.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.EigenDecompositionSymmetric;
import org.hipparchus.linear.RealMatrix;

/**
 * What the dictionaries of two trainings have in common that differ by their seed alone. Rows are
 * scaled to norm 1, and matched one to one so that the sum of their cosines is largest.
 *
 * @param cosine mean cosine of matched rows
 * @param match share of rows whose match has a cosine above .7
 * @param span mean length of what is left of a row that is projected on the span of its 4 nearest
 *     rows of the other dictionary: near 1 also where the other has split the feature, or has it as
 *     a sum of a few
 * @param subspace overlap of what the rows span that have no match above .7: tr(P P') / r, P and P'
 *     the projections on the leading r = d_in / 8 principal directions of the two sets; 1 for the
 *     same subspace, r / d_in for independent ones, not a number where either set has fewer than r
 *     rows. Unstable features of stable subspaces: arXiv 2606.12138
 */
public record DictionaryAgreement(double cosine, double match, double span, double subspace) {
  private static final float LEAST_COSINE = 0.7f;
  private static final int NEAREST = 4;
  private static final int SUBSPACE_SHARE = 8;
  private static final double TINY = 1e-6;

  /**
   * Compares two dictionaries.
   *
   * @param device of both matrices
   * @param one decoder rows [d_sae, d_in]
   * @param other as many
   */
  public static DictionaryAgreement of(Device device, FloatMatrix one, FloatMatrix other) {
    float[][] rows = unitRows(device, one);
    float[][] others = unitRows(device, other);
    float[][] cosines = cosines(device, one, other);
    int[] matches = OptimalMatching.of(cosines);
    double cosine = 0;
    double span = 0;
    List<float[]> unmatched = new ArrayList<>();
    List<float[]> othersUnmatched = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      cosine += cosines[i][matches[i]];
      span += projected(rows[i], cosines[i], others);
      if (cosines[i][matches[i]] <= LEAST_COSINE) {
        unmatched.add(rows[i]);
        othersUnmatched.add(others[matches[i]]);
      }
    }
    return new DictionaryAgreement(
        cosine / rows.length,
        1 - (double) unmatched.size() / rows.length,
        span / rows.length,
        overlap(unmatched, othersUnmatched, one.cols()));
  }

  private static float[][] unitRows(Device device, FloatMatrix dictionary) {
    FloatMatrix unit = device.floats(1, dictionary.cols());
    float[][] rows = new float[dictionary.rows()][dictionary.cols()];
    for (int i = 0; i < rows.length; i++) {
      device.kernels().normalizeRows(unit, dictionary.row(i));
      device.download(rows[i], 0, unit);
    }
    return rows;
  }

  private static float[][] cosines(Device device, FloatMatrix one, FloatMatrix other) {
    FloatMatrix unit = device.floats(1, one.cols());
    FloatMatrix others = device.floats(other.rows(), other.cols());
    device.kernels().normalizeRows(others, other);
    FloatMatrix products = device.floats(1, other.rows());
    float[][] cosines = new float[one.rows()][other.rows()];
    for (int i = 0; i < cosines.length; i++) {
      device.kernels().normalizeRows(unit, one.row(i));
      device.kernels().matmul(products, unit, Operand.AS_IS, others, Operand.TRANSPOSED, Write.SET);
      device.download(cosines[i], 0, products);
    }
    return cosines;
  }

  /** Returns the length of a row's projection on what its nearest rows span. */
  private static double projected(float[] row, float[] cosines, float[][] others) {
    int[] nearest =
        IntStream.range(0, cosines.length)
            .boxed()
            .sorted(Comparator.comparingDouble(j -> -cosines[j]))
            .limit(NEAREST)
            .mapToInt(Integer::intValue)
            .toArray();
    List<double[]> basis = new ArrayList<>();
    double squares = 0;
    for (int j : nearest) {
      double[] direction = orthogonal(others[j], basis);
      double length = Math.sqrt(dot(direction, direction));
      if (length > TINY) {
        Arrays.setAll(direction, d -> direction[d] / length);
        basis.add(direction);
        double part = 0;
        for (int d = 0; d < row.length; d++) {
          part += row[d] * direction[d];
        }
        squares += part * part;
      }
    }
    return Math.sqrt(squares);
  }

  private static double[] orthogonal(float[] row, List<double[]> basis) {
    double[] direction = new double[row.length];
    Arrays.setAll(direction, d -> row[d]);
    for (double[] earlier : basis) {
      double part = dot(direction, earlier);
      Arrays.setAll(direction, d -> direction[d] - part * earlier[d]);
    }
    return direction;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += a[d] * b[d];
    }
    return sum;
  }

  private static double overlap(List<float[]> rows, List<float[]> others, int dIn) {
    int directions = Math.max(1, dIn / SUBSPACE_SHARE);
    if (rows.size() < directions) {
      return Double.NaN;
    }
    RealMatrix products = leading(rows, directions).transposeMultiply(leading(others, directions));
    double squares = products.getFrobeniusNorm();
    return squares * squares / directions;
  }

  /** Returns the directions with the largest mean square of the rows' products with them. */
  private static RealMatrix leading(List<float[]> rows, int directions) {
    int dIn = rows.getFirst().length;
    double[][] moments = new double[dIn][dIn];
    for (float[] row : rows) {
      for (int i = 0; i < dIn; i++) {
        for (int j = 0; j < dIn; j++) {
          moments[i][j] += (double) row[i] * row[j];
        }
      }
    }
    EigenDecompositionSymmetric found =
        new EigenDecompositionSymmetric(new Array2DRowRealMatrix(moments, false));
    return found.getV().getSubMatrix(0, dIn - 1, 0, directions - 1);
  }
}
