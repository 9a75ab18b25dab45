package mechinterp.sae.objective;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The sum of |x - x^|^2, with g = 2 (x^ - x) / divisor as the gradient of x^, and what else is
 * asked of it.
 */
final class WholeReconstruction implements Reconstruction {
  private final Kernels kernels;
  private final Sae sae;
  private final BatchSums sums;
  private final ReconstructionLoss asked;
  private final FloatMatrix error;
  private double squaredError;

  WholeReconstruction(
      Workspace workspace, Sae sae, int batchSize, BatchSums sums, ReconstructionLoss asked) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.sums = sums;
    this.asked = asked;
    this.error = workspace.floats("error", batchSize, sae.dOut());
  }

  @Override
  public void decode(SparseCodes codes, FloatMatrix inputs, FloatMatrix x) {
    sae.reconstruct(error, codes, inputs);
    kernels.subtract(error, error, x);
    squaredError = sums.squares(error);
  }

  @Override
  public FloatMatrix error() {
    return error;
  }

  @Override
  public double squaredError() {
    return squaredError;
  }

  @Override
  public double loss() {
    return asked.ofSquares(squaredError);
  }

  @Override
  public void differentiate(FloatMatrix x, double divisor) {
    asked.differentiate(error, x, 1, divisor);
  }

  @Override
  public void codeGradients(FloatMatrix out, SparseCodes codes) {
    kernels.codeGradients(out, codes, error, sae.weights().wDec());
  }

  @Override
  public List<SparseOuterProduct> decoderTerms(LatentOrder order, SparseCodes codes) {
    return List.of(new SparseOuterProduct(order, codes.values(), error));
  }

  @Override
  public FloatMatrix gradient() {
    return error;
  }
}
