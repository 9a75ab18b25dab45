package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireDepth;
import static mechinterp.kernel.ShapeChecks.requireRows;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link SelectionKernels} that check their arguments before they hand them on. */
final class CheckedSelection implements SelectionKernels {
  private final SelectionKernels kernels;

  CheckedSelection(SelectionKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void encodeAbove(
      SparseCodes codes,
      FloatMatrix x,
      PackedMatrix encoder,
      FloatMatrix bias,
      FloatMatrix thresholds) {
    requireDepth("encodeAbove", x, encoder);
    requireRows("encodeAbove", codes, x);
    requireShape("encodeAbove", "bias", bias, 1, encoder.cols());
    requireShape("encodeAbove", "thresholds", thresholds, 1, encoder.cols());
    require(
        codes.latents() == encoder.cols() && codes.capacity() >= codes.latents(),
        () ->
            "encodeAbove: codes hold %d of %d latents, the encoder has %d; they must hold all, and the latents must be equal"
                .formatted(codes.capacity(), codes.latents(), encoder.cols()));
    kernels.encodeAbove(codes, x, encoder, bias, thresholds);
  }

  @Override
  public void encodeGroupMax(
      SparseCodes codes, FloatMatrix x, PackedMatrix encoder, FloatMatrix bias, int k) {
    requireDepth("encodeGroupMax", x, encoder);
    requireRows("encodeGroupMax", codes, x);
    requireShape("encodeGroupMax", "bias", bias, 1, encoder.cols());
    require(
        k >= 1 && encoder.cols() % k == 0,
        () ->
            "encodeGroupMax: k is %d, the encoder has %d latents; they must be a multiple of k"
                .formatted(k, encoder.cols()));
    require(
        codes.latents() == encoder.cols() && codes.capacity() >= k,
        () ->
            "encodeGroupMax: codes hold %d of %d latents, k is %d, the encoder has %d; codes must hold k, and the latents must be equal"
                .formatted(codes.capacity(), codes.latents(), k, encoder.cols()));
    kernels.encodeGroupMax(codes, x, encoder, bias, k);
  }

  @Override
  public float keepLargest(SparseCodes codes, long count) {
    require(count >= 0, () -> "keepLargest: count is %d; it must not be negative".formatted(count));
    return kernels.keepLargest(codes, count);
  }

  @Override
  public void keepLargestOfEach(SparseCodes out, SparseCodes codes, int k) {
    requireRows("keepLargestOfEach", codes, out.values());
    require(
        k >= 1 && out.capacity() >= k && out.latents() == codes.latents(),
        () ->
            "keepLargestOfEach: k is %d, codes of %d latents, out holds %d of %d; k must be at least 1, out must hold k, and the latents must be equal"
                .formatted(k, codes.latents(), out.capacity(), out.latents()));
    kernels.keepLargestOfEach(out, codes, k);
  }
}
