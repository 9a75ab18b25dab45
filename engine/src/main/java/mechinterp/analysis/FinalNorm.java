package mechinterp.analysis;

import mechinterp.device.Device;
import mechinterp.model.Transformer;
import mechinterp.tensor.FloatMatrix;

/** The final norm of a model, alone. */
final class FinalNorm {
  private FinalNorm() {}

  /** Returns what the final norm makes of rows of the residual stream [rows, d_model]. */
  static FloatMatrix apply(Transformer model, FloatMatrix rows) {
    FloatMatrix scale = model.device().floats(rows.rows(), 1);
    model.finalNorm().ifPresent(norm -> norm.scale(scale, rows));
    return apply(model, rows, scale);
  }

  /** Returns the same with a scale of 1. */
  static FloatMatrix withScaleOne(Transformer model, FloatMatrix rows) {
    FloatMatrix scale = model.device().floats(rows.rows(), 1);
    model.device().kernels().fill(scale, 1);
    return apply(model, rows, scale);
  }

  private static FloatMatrix apply(Transformer model, FloatMatrix rows, FloatMatrix scale) {
    Device device = model.device();
    FloatMatrix out = device.floats(rows.rows(), rows.cols());
    model
        .finalNorm()
        .ifPresentOrElse(
            norm -> norm.forward(out, rows, scale), () -> device.kernels().copy(out, rows));
    return out;
  }
}
