package mechinterp.kernel;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** The reference of {@link OptimizerKernels}. */
final class ScalarOptimizer implements OptimizerKernels {
  private final ScalarKernels kernels;

  ScalarOptimizer(ScalarKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void adam(
      FloatMatrix p, FloatMatrix m, FloatMatrix v, FloatMatrix gradient, AdamStep step) {
    Elements parameters = new Elements(p);
    Elements first = new Elements(m);
    Elements second = new Elements(v);
    Elements gradients = new Elements(gradient);
    double correction1 = 1 - Math.pow(step.beta1(), step.step());
    double correction2 = 1 - Math.pow(step.beta2(), step.step());
    for (int i = 0; i < p.rows(); i++) {
      for (int j = 0; j < p.cols(); j++) {
        float g = gradients.get(i, j) * step.gradientScale();
        first.set(i, j, step.beta1() * first.get(i, j) + (1 - step.beta1()) * g);
        second.set(i, j, step.beta2() * second.get(i, j) + (1 - step.beta2()) * g * g);
        double move =
            first.get(i, j)
                / correction1
                / (Math.sqrt(second.get(i, j) / correction2) + step.epsilon());
        parameters.set(i, j, (float) (parameters.get(i, j) - step.learningRate() * move));
      }
    }
  }

  @Override
  public void sparseAdam(
      FloatMatrix p,
      FloatMatrix m,
      FloatMatrix v,
      List<SparseOuterProduct> terms,
      AdamStep step,
      RowConstraint constraint) {
    FloatMatrix gradient = HostMemory.newRow(p.cols());
    for (int f = 0; f < p.rows(); f++) {
      ScalarSparse.writeGradient(gradient, terms, f);
      FloatMatrix row = p.row(f);
      if (constraint == RowConstraint.UNIT_NORM) {
        Elements direction = new Elements(row);
        float parallel = (float) direction.dot(0, new Elements(gradient), 0);
        kernels.addScaled(gradient, row, -parallel);
      }
      adam(row, m.row(f), v.row(f), gradient, step);
      if (constraint == RowConstraint.UNIT_NORM) {
        kernels.normalizeRows(row, row);
      }
    }
  }

  @Override
  public void gradientSquares(
      FloatMatrix out, FloatMatrix p, List<SparseOuterProduct> terms, RowConstraint constraint) {
    FloatMatrix gradient = HostMemory.newRow(p.cols());
    Elements g = new Elements(gradient);
    for (int f = 0; f < p.rows(); f++) {
      ScalarSparse.writeGradient(gradient, terms, f);
      if (constraint == RowConstraint.UNIT_NORM) {
        kernels.addScaled(gradient, p.row(f), -(float) new Elements(p).dot(f, g, 0));
      }
      new Elements(out).set(f, 0, (float) g.dot(0, g, 0));
    }
  }
}
