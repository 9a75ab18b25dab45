package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireRows;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link NestedKernels} that check their arguments before they hand them on. */
final class CheckedNested implements NestedKernels {
  private final NestedKernels kernels;

  CheckedNested(NestedKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void addLatents(
      FloatMatrix out, SparseCodes codes, int first, int end, FloatMatrix decoder) {
    requireRange("addLatents", codes, first, end);
    requireRows("addLatents", codes, out);
    requireShape("addLatents", "decoder", decoder, codes.latents(), out.cols());
    kernels.addLatents(out, codes, first, end, decoder);
  }

  @Override
  public void codeGradients(
      FloatMatrix out,
      SparseCodes codes,
      int first,
      int end,
      FloatMatrix dOut,
      FloatMatrix decoder) {
    requireRange("codeGradients", codes, first, end);
    requireRows("codeGradients", codes, dOut);
    requireShape("codeGradients", "out", out, codes.rows(), codes.capacity());
    requireShape("codeGradients", "decoder", decoder, codes.latents(), dOut.cols());
    kernels.codeGradients(out, codes, first, end, dOut, decoder);
  }

  private static void requireRange(String kernel, SparseCodes codes, int first, int end) {
    require(
        first >= 0 && first <= end && end <= codes.latents(),
        () ->
            "%s: latents %d to %d, codes have %d; they must rise and be among those"
                .formatted(kernel, first, end, codes.latents()));
  }
}
