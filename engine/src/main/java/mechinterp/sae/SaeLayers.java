package mechinterp.sae;

import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * One encoder and one decoder, which kinds of autoencoders share:
 *
 * <pre>
 *   z = (x - b_dec) W_enc + b_enc
 *   x^ = f W_dec + b_dec</pre>
 *
 * How f comes from z is the kind's.
 */
final class SaeLayers {
  private static final int CHUNK = 1024;

  private final Device device;
  private final SaeWeights weights;
  private final PackedMatrix encoder;
  private final FloatMatrix centred;

  /** Declares the weights, which are 0. */
  SaeLayers(Workspace workspace, int dIn, int dSae) {
    this.device = workspace.device();
    this.weights = SaeWeights.declare(workspace, dIn, dSae);
    this.encoder = workspace.packed("W_enc packed", dIn, dSae);
    this.centred = workspace.floats("centred inputs", CHUNK, dIn);
  }

  Device device() {
    return device;
  }

  SaeWeights weights() {
    return weights;
  }

  /** Returns W_enc as products take it. */
  PackedMatrix encoder() {
    return encoder;
  }

  /** Makes f of x - b_dec. */
  @FunctionalInterface
  interface CentredEncoder {
    void encode(SparseCodes codes, FloatMatrix centred);
  }

  /** Encodes activations, some tokens at once. */
  void encode(SparseCodes codes, FloatMatrix x, CentredEncoder kind) {
    for (int from = 0; from < x.rows(); from += CHUNK) {
      int to = Math.min(x.rows(), from + CHUNK);
      FloatMatrix inputs = centred.rowRange(0, to - from);
      device.kernels().addRow(inputs, x.rowRange(from, to), weights.bDec(), -1);
      kind.encode(codes.rowRange(from, to), inputs);
    }
  }

  void decode(FloatMatrix out, SparseCodes codes) {
    device.kernels().decode(out, codes, weights.wDec(), weights.bDec());
  }

  void weightsChanged() {
    device.kernels().pack(encoder, weights.wEnc(), Operand.TRANSPOSED);
  }

  /**
   * Takes over weights, for activations that were not multiplied by {@code scale}.
   *
   * @throws IllegalArgumentException when the scale is not positive and finite
   */
  void setFolded(SaeLayers from, double scale) {
    if (!(scale > 0 && scale < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "input scale: is %s; it must be positive and finite".formatted(scale));
    }
    Kernels kernels = device.kernels();
    kernels.scale(weights.wEnc(), from.weights.wEnc(), (float) scale);
    kernels.copy(weights.bEnc(), from.weights.bEnc());
    kernels.scale(weights.wDec(), from.weights.wDec(), (float) (1 / scale));
    kernels.scale(weights.bDec(), from.weights.bDec(), (float) (1 / scale));
    weightsChanged();
  }
}
