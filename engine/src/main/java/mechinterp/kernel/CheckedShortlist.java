package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireRows;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link ShortlistKernels} that check their arguments before they hand them on. */
final class CheckedShortlist implements ShortlistKernels {
  private final ShortlistKernels kernels;

  CheckedShortlist(ShortlistKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void quantizedTopK(
      SparseCodes shortlist,
      FloatMatrix y,
      IntMatrix levels,
      FloatMatrix scales,
      FloatMatrix bias,
      int m) {
    requireRows("quantizedTopK", shortlist, y);
    requireShape(
        "quantizedTopK",
        "levels",
        levels,
        Math.ceilDiv(shortlist.latents(), LEVEL_PANEL),
        y.cols() * LEVEL_PANEL / 4);
    requireShape("quantizedTopK", "scales", scales, 1, shortlist.latents());
    requireShape("quantizedTopK", "bias", bias, 1, shortlist.latents());
    requireNumber("quantizedTopK", "m", m, shortlist);
    kernels.quantizedTopK(shortlist, y, levels, scales, bias, m);
  }

  @Override
  public void encodeListed(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix weights,
      FloatMatrix bias,
      int k) {
    requireRows("encodeListed", codes, x);
    requireRows("encodeListed", shortlist, x);
    requireShape("encodeListed", "weights", weights, shortlist.latents(), x.cols());
    requireShape("encodeListed", "bias", bias, 1, shortlist.latents());
    require(
        codes.latents() == shortlist.latents(),
        () ->
            "encodeListed: codes are of %d latents, the shortlist is of %d; latents must be equal"
                .formatted(codes.latents(), shortlist.latents()));
    requireNumber("encodeListed", "k", k, codes);
    kernels.encodeListed(codes, x, shortlist, weights, bias, k);
  }

  private static void requireNumber(String kernel, String name, int number, SparseCodes codes) {
    require(
        number >= 1 && number <= codes.latents() && number <= codes.capacity(),
        () ->
            "%s: %s is %d, codes hold %d of %d latents; it must be at least 1 and codes must hold as many"
                .formatted(kernel, name, number, codes.capacity(), codes.latents()));
  }
}
