package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requirePositive;
import static mechinterp.kernel.ShapeChecks.requireSame;
import static mechinterp.kernel.ShapeChecks.requireShape;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link CodeKernels} that check their arguments before they hand them on. */
final class CheckedCodes implements CodeKernels {
  private final CodeKernels kernels;

  CheckedCodes(CodeKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void penalties(FloatMatrix sums, SparseCodes codes, FloatMatrix norms, PenaltyShape phi) {
    requireShape("penalties", "sums", sums, codes.rows(), 1);
    requireShape("penalties", "norms", norms, codes.latents(), 1);
    kernels.penalties(sums, codes, norms, phi);
  }

  @Override
  public void penaltyGradients(
      FloatMatrix byCode,
      FloatMatrix byRow,
      SparseCodes codes,
      FloatMatrix norms,
      PenaltyShape phi,
      float factor) {
    requireSame("penaltyGradients", byCode, codes.values());
    requireSame("penaltyGradients", byRow, codes.values());
    requireShape("penaltyGradients", "norms", norms, codes.latents(), 1);
    kernels.penaltyGradients(byCode, byRow, codes, norms, phi, factor);
  }

  @Override
  public void scaleSlots(
      FloatMatrix out, SparseCodes codes, FloatMatrix x, FloatMatrix scales, float shift) {
    requireSame("scaleSlots", out, codes.values());
    requireSame("scaleSlots", x, codes.values());
    requireShape("scaleSlots", "scales", scales, codes.latents(), 1);
    kernels.scaleSlots(out, codes, x, scales, shift);
  }

  @Override
  public void splitAtThresholds(
      SparseCodes band, SparseCodes codes, FloatMatrix thresholds, float width) {
    requireSame("splitAtThresholds", band.values(), codes.values());
    requireShape("splitAtThresholds", "thresholds", thresholds, codes.latents(), 1);
    requirePositive("splitAtThresholds", "width", width);
    kernels.splitAtThresholds(band, codes, thresholds, width);
  }

  @Override
  public void affine(SparseCodes out, SparseCodes codes, FloatMatrix scales, FloatMatrix shifts) {
    requireSame("affine", out.values(), codes.values());
    requireShape("affine", "scales", scales, codes.latents(), 1);
    requireShape("affine", "shifts", shifts, codes.latents(), 1);
    kernels.affine(out, codes, scales, shifts);
  }

  @Override
  public void scatter(SparseCodes out, SparseCodes codes, IntMatrix rows, int firstLatent) {
    requireShape("scatter", "rows", rows, 1, codes.rows());
    require(
        codes.capacity() <= out.capacity()
            && firstLatent >= 0
            && firstLatent + codes.latents() <= out.latents(),
        () ->
            "scatter: codes have %d slots, %d latents from %d on, those of all tokens %d and %d; they must have room"
                .formatted(
                    codes.capacity(), codes.latents(), firstLatent, out.capacity(), out.latents()));
    kernels.scatter(out, codes, rows, firstLatent);
  }

  @Override
  public void concatenate(SparseCodes out, List<SparseCodes> parts) {
    int slots = 0;
    int latents = 0;
    for (SparseCodes part : parts) {
      requireShape("concatenate", "counts", part.counts(), out.rows(), 1);
      slots += part.capacity();
      latents += part.latents();
    }
    int allSlots = slots;
    int allLatents = latents;
    require(
        allSlots <= out.capacity() && allLatents == out.latents(),
        () ->
            "concatenate: the parts have %d slots and %d latents together, out %d and %d; slots must fit and latents must be equal"
                .formatted(allSlots, allLatents, out.capacity(), out.latents()));
    kernels.concatenate(out, parts);
  }

  @Override
  public void scaleRows(FloatMatrix out, FloatMatrix x, FloatMatrix factors) {
    requireSame("scaleRows", out, x);
    requireShape("scaleRows", "factors", factors, x.rows(), 1);
    kernels.scaleRows(out, x, factors);
  }
}
