package mechinterp.kernel;

import static mechinterp.kernel.ShapeChecks.require;
import static mechinterp.kernel.ShapeChecks.requireRows;
import static mechinterp.kernel.ShapeChecks.requireSame;
import static mechinterp.kernel.ShapeChecks.requireShape;

import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link PursuitKernels} that check their arguments before they hand them on. */
final class CheckedPursuit implements PursuitKernels {
  private final PursuitKernels kernels;

  CheckedPursuit(PursuitKernels kernels) {
    this.kernels = kernels;
  }

  @Override
  public void inverseSquares(FloatMatrix out, FloatMatrix dictionary) {
    requireShape("inverseSquares", "out", out, 1, dictionary.rows());
    kernels.inverseSquares(out, dictionary);
  }

  @Override
  public void encode(
      SparseCodes codes,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    requireInputs("pursuit", x, shortlist, dictionary, inverseSquares);
    requireRows("pursuit", codes, x);
    require(
        codes.latents() == dictionary.rows() && codes.capacity() >= form.mostActive(),
        () ->
            "pursuit: codes hold %d of %d latents; they must hold %d of %d"
                .formatted(
                    codes.capacity(), codes.latents(), form.mostActive(), dictionary.rows()));
    kernels.encode(codes, x, shortlist, dictionary, inverseSquares, form);
  }

  @Override
  public void fixedPoint(
      FloatMatrix targets,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares,
      PursuitForm form) {
    requireInputs("fixedPoint", x, shortlist, dictionary, inverseSquares);
    requireSame("fixedPoint", targets, shortlist.values());
    kernels.fixedPoint(targets, x, shortlist, dictionary, inverseSquares, form);
  }

  private static void requireInputs(
      String kernel,
      FloatMatrix x,
      SparseCodes shortlist,
      FloatMatrix dictionary,
      FloatMatrix inverseSquares) {
    requireRows(kernel, shortlist, x);
    require(
        x.cols() == dictionary.cols() && shortlist.latents() == dictionary.rows(),
        () ->
            "%s: x is %s, the shortlist is of %d latents, the dictionary is %s; columns and latents must be the dictionary's"
                .formatted(kernel, x.shape(), shortlist.latents(), dictionary.shape()));
    requireShape(kernel, "inverse squares", inverseSquares, 1, dictionary.rows());
  }
}
