package mechinterp.sae;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The TopK autoencoder of Gao et al. 2024 (arXiv 2406.04093):
 *
 * <pre>
 *   z = (x - b_dec) W_enc + b_enc
 *   f = TopK_k(relu(z))
 *   x^ = f W_dec + b_dec</pre>
 *
 * With W_enc [d_in, d_sae] and W_dec [d_sae, d_in]. Where fewer than k pre-activations are positive
 * fewer latents are active; of equal pre-activations the lower index is chosen.
 */
public final class TopKSae implements Sae {
  private static final int CHUNK = 1024;

  private final Device device;
  private final TopKConfig config;
  private final SaeWeights weights;
  private final PackedMatrix encoder;
  private final FloatMatrix centred;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public TopKSae(Workspace workspace, TopKConfig config) {
    this.device = workspace.device();
    this.config = config;
    this.weights = SaeWeights.declare(workspace, config.dIn(), config.dSae());
    this.encoder = workspace.packed("W_enc packed", config.dIn(), config.dSae());
    this.centred = workspace.floats("centred inputs", CHUNK, config.dIn());
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static TopKSae allocate(Device device, TopKConfig config) {
    String purpose = "TopK SAE (d_in %d, d_sae %d)".formatted(config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> new TopKSae(workspace, config));
  }

  @Override
  public TopKConfig config() {
    return config;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public SaeWeights weights() {
    return weights;
  }

  @Override
  public List<SaeParameter> parameters() {
    return weights.parameters();
  }

  @Override
  public int maxActive() {
    return config.k();
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    Kernels kernels = device.kernels();
    for (int from = 0; from < x.rows(); from += CHUNK) {
      int to = Math.min(x.rows(), from + CHUNK);
      FloatMatrix inputs = centred.rowRange(0, to - from);
      kernels.addRow(inputs, x.rowRange(from, to), weights.bDec(), -1);
      encodeCentred(codes.rowRange(from, to), inputs);
    }
  }

  /** Writes the active latents of tokens from which b_dec has been subtracted. */
  void encodeCentred(SparseCodes codes, FloatMatrix inputs) {
    device.kernels().encodeTopK(codes, inputs, encoder, weights.bEnc(), config.k());
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    device.kernels().decode(out, codes, weights.wDec(), weights.bDec());
  }

  @Override
  public void weightsChanged() {
    device.kernels().pack(encoder, weights.wEnc(), Operand.TRANSPOSED);
  }

  @Override
  public TopKSae foldInputScale(double scale) {
    if (!(scale > 0 && scale < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "input scale: is %s; it must be positive and finite".formatted(scale));
    }
    TopKSae folded = allocate(device, config);
    Kernels kernels = device.kernels();
    kernels.scale(folded.weights.wEnc(), weights.wEnc(), (float) scale);
    kernels.copy(folded.weights.bEnc(), weights.bEnc());
    kernels.scale(folded.weights.wDec(), weights.wDec(), (float) (1 / scale));
    kernels.scale(folded.weights.bDec(), weights.bDec(), (float) (1 / scale));
    folded.weightsChanged();
    return folded;
  }
}
