package mechinterp.sae.objective;

import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.PenaltyShape;
import mechinterp.kernel.Write;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The sum of phi(f_i |W_dec[i]|) over the active latents, and its gradient. The decoder's norms
 * belong to it: halving f_i and doubling W_dec[i] changes neither the reconstruction nor this. Its
 * gradient by W_dec[i] is a multiple of W_dec[i] itself.
 */
final class NormPenalty {
  private final Device device;
  private final Kernels kernels;
  private final Sae sae;
  private final RowSums sums;
  private final FloatMatrix norms;
  private final FloatMatrix byRow;
  private final FloatMatrix rowFactors;
  private final LatentOrder ownRow;
  private boolean isOrdered;

  NormPenalty(Workspace workspace, Sae sae, int batchSize, int capacity) {
    this.device = workspace.device();
    this.kernels = device.kernels();
    this.sae = sae;
    this.sums = new RowSums(workspace, "penalties", batchSize);
    this.norms = workspace.floats("decoder norms", sae.dSae(), 1);
    this.byRow = workspace.floats("penalty's decoder gradients", batchSize, capacity);
    this.rowFactors = workspace.floats("penalty's row factors", sae.dSae(), 1);
    this.ownRow = workspace.order("each latent's own row", sae.dSae(), 1, sae.dSae());
  }

  /** Takes the decoder as it is now. */
  void measureNorms() {
    kernels.normScale(norms, sae.weights().wDec(), 0, Norm.RMS);
    kernels.scale(norms, norms, (float) Math.sqrt(sae.dOut()));
  }

  /** Returns the norms [d_sae, 1] of the decoder's rows. */
  FloatMatrix norms() {
    return norms;
  }

  /** Returns the sum over the tokens. */
  double sum(SparseCodes codes, PenaltyShape phi) {
    kernels.codes().penalties(sums.rows(), codes, norms, phi);
    return sums.total();
  }

  /** Adds the gradient of factor times the sum. */
  void backward(
      FloatMatrix codeGradients,
      SparseCodes codes,
      LatentOrder order,
      PenaltyShape phi,
      double factor) {
    addSlopes(codeGradients, codes, phi, factor);
    kernels.latentSums(rowFactors.reshaped(1, sae.dSae()), order, byRow, Write.SET);
  }

  /** Adds the gradient of factor times the sum by codes whose decoder does not hear of it. */
  void addSlopes(FloatMatrix codeGradients, SparseCodes codes, PenaltyShape phi, double factor) {
    kernels.codes().penaltyGradients(codeGradients, byRow, codes, norms, phi, (float) factor);
  }

  /** Returns the part of W_dec's gradient. */
  SparseOuterProduct decoderTerm() {
    if (!isOrdered) {
      int latents = sae.dSae();
      device.upload(ownRow.starts(), IntStream.rangeClosed(0, latents).toArray(), 0);
      device.upload(ownRow.positions(), IntStream.range(0, latents).toArray(), 0);
      isOrdered = true;
    }
    return new SparseOuterProduct(ownRow, rowFactors, sae.weights().wDec());
  }
}
