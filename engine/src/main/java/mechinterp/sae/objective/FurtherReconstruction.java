package mechinterp.sae.objective;

import java.util.List;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;

/**
 * A further loss on a batch, factor sum |e|^2, whose e comes from codes of its own, and its share
 * of the gradients. Whose loss it is writes the codes and e.
 */
final class FurtherReconstruction {
  private final Kernels kernels;
  private final Sae sae;
  private final BatchSums sums;
  private final DecoderGradient decoderGradient;
  private final SparseCodes codes;
  private final LatentOrder order;
  private final FloatMatrix error;
  private final FloatMatrix codeGradients;

  /**
   * Declares its buffers.
   *
   * @param name of the buffers
   * @param active the most latents of a token
   * @param decoderGradient which of the decoder's weights learn from it
   */
  FurtherReconstruction(
      Workspace workspace,
      String name,
      Sae sae,
      int batchSize,
      int active,
      BatchSums sums,
      DecoderGradient decoderGradient) {
    this.kernels = workspace.device().kernels();
    this.sae = sae;
    this.sums = sums;
    this.decoderGradient = decoderGradient;
    this.codes = workspace.codes(name + " codes", batchSize, active, sae.dSae());
    this.order = workspace.order(name + " order", batchSize, active, sae.dSae());
    this.error = workspace.floats(name + " error", batchSize, sae.dOut());
    this.codeGradients = workspace.floats(name + " code gradients", batchSize, active);
  }

  SparseCodes codes() {
    return codes;
  }

  FloatMatrix error() {
    return error;
  }

  LatentOrder order() {
    return order;
  }

  FloatMatrix codeGradients() {
    return codeGradients;
  }

  /** Takes the loss of the codes with e = what they stand for - target, and its gradient. */
  double backward(FloatMatrix target, double factor) {
    sae.decode(error, codes);
    kernels.subtract(error, error, target);
    return backward(factor);
  }

  /** Takes the loss of the codes and their e, and its gradient. */
  double backward(double factor) {
    double loss = factor * sums.squares(error);
    differentiate(factor);
    return loss;
  }

  /** Takes the gradient by the codes of 2 factor e, which e becomes. */
  void differentiate(double factor) {
    kernels.scale(error, error, (float) (2 * factor));
    kernels.orderByLatent(order, codes);
    kernels.codeGradients(codeGradients, codes, error, sae.weights().wDec());
  }

  SparseOuterProduct encoderTerm(FloatMatrix inputs) {
    return new SparseOuterProduct(order, codeGradients, inputs);
  }

  List<SparseOuterProduct> decoderTerms() {
    return decoderGradient == DecoderGradient.NONE
        ? List.of()
        : List.of(new SparseOuterProduct(order, codes.values(), error));
  }

  void addToEncoderBias(FloatMatrix gradient) {
    kernels.latentSums(gradient, order, codeGradients, Write.ADD);
  }

  /** Adds the share of b_dec as the decoder's bias. */
  void addToDecoderBias(FloatMatrix gradient) {
    if (decoderGradient == DecoderGradient.WHOLE) {
      kernels.sumRows(gradient, error, Write.ADD);
    }
  }
}
