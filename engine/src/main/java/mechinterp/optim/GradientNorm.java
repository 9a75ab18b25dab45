package mechinterp.optim;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.RowConstraint;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The squared Euclidean norms of gradients: of rows on the device, added up in double precision on
 * the host.
 */
public final class GradientNorm {
  private final Device device;
  private final FloatMatrix rowSquares;
  private final float[] squares;

  /** Declares a number for each row of the largest parameter, which has {@code rows}. */
  public GradientNorm(Workspace workspace, int rows) {
    this.device = workspace.device();
    this.rowSquares = workspace.floats("squares of gradient rows", rows, 1);
    this.squares = workspace.onHost(float[]::new, rows);
  }

  /** Returns the squared norm of a gradient that is written out. */
  public double squared(FloatMatrix gradient) {
    FloatMatrix rows = rowSquares.rowRange(0, gradient.rows());
    device.kernels().rowDots(rows, gradient, gradient);
    return sum(rows);
  }

  /**
   * Returns the squared norm of the gradient of a parameter that is a sum of terms, without what
   * the constraint removes of it: exactly that of the written-out gradient.
   */
  public double squared(
      FloatMatrix parameter, List<SparseOuterProduct> terms, RowConstraint constraint) {
    FloatMatrix rows = rowSquares.rowRange(0, parameter.rows());
    device.kernels().optimizer().gradientSquares(rows, parameter, terms, constraint);
    return sum(rows);
  }

  private double sum(FloatMatrix rows) {
    device.download(squares, 0, rows);
    double sum = 0;
    for (int i = 0; i < rows.rows(); i++) {
      sum += squares[i];
    }
    return sum;
  }
}
