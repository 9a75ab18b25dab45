package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The gated autoencoder of Rajamanoharan et al. 2024 (arXiv 2404.16014):
 *
 * <pre>
 *   pi_gate = (x - b_dec) W_enc + b_gate
 *   pi_mag  = (x - b_dec) (W_enc exp(r_mag)) + b_mag
 *   f       = relu(pi_mag) where pi_gate &gt; 0, else 0
 *   x^      = f W_dec + b_dec</pre>
 *
 * b_gate is the b_enc of its weights; r_mag and b_mag are [1, d_sae]. The two pre-activations share
 * W_enc, so only the first is a product of matrices: where a gate is open
 *
 * <pre>  pi_mag = exp(r_mag) pi_gate + (b_mag - exp(r_mag) b_gate)</pre>
 */
public final class GatedSae implements Sae {
  /** The name of the logarithms of the scales in SAELens' files and among the parameters. */
  public static final String R_MAG = "r_mag";

  /** The name of the magnitudes' bias in SAELens' files and among the parameters. */
  public static final String B_MAG = "b_mag";

  private final GatedConfig config;
  private final SaeLayers layers;
  private final FloatMatrix rMag;
  private final FloatMatrix bMag;
  private final FloatMatrix scales;
  private final FloatMatrix shifts;
  private final FloatMatrix zeros;
  private final float[] onHost;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public GatedSae(Workspace workspace, GatedConfig config) {
    int dSae = config.dSae();
    this.config = config;
    this.layers = new SaeLayers(workspace, config);
    this.rMag = workspace.floats(R_MAG, 1, dSae);
    this.bMag = workspace.floats(B_MAG, 1, dSae);
    this.scales = workspace.floats("exp(r_mag)", dSae, 1);
    this.shifts = workspace.floats("b_mag - exp(r_mag) b_gate", dSae, 1);
    this.zeros = workspace.floats("no threshold", 1, dSae);
    this.onHost = workspace.onHost(float[]::new, dSae);
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static GatedSae allocate(Device device, GatedConfig config) {
    String purpose = "gated SAE (d_in %d, d_sae %d)".formatted(config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> new GatedSae(workspace, config));
  }

  @Override
  public GatedConfig config() {
    return config;
  }

  @Override
  public Device device() {
    return layers.device();
  }

  @Override
  public SaeWeights weights() {
    return layers.weights();
  }

  /** Returns r_mag itself [1, d_sae], not a copy. */
  public FloatMatrix rMag() {
    return rMag;
  }

  /** Returns b_mag itself [1, d_sae], not a copy. */
  public FloatMatrix bMag() {
    return bMag;
  }

  /** Returns exp(r_mag) [d_sae, 1]. */
  public FloatMatrix scales() {
    return scales;
  }

  @Override
  public List<SaeParameter> parameters() {
    List<SaeParameter> parameters = new ArrayList<>(layers.parameters());
    parameters.add(SaeParameter.free(R_MAG, rMag));
    parameters.add(SaeParameter.free(B_MAG, bMag));
    return parameters;
  }

  @Override
  public int maxActive() {
    return dSae();
  }

  @Override
  public void prepareInputs(FloatMatrix out, FloatMatrix x) {
    layers.prepareInputs(out, x);
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    layers.encode(
        codes,
        x,
        (part, inputs) -> {
          encodeGates(part, inputs);
          encodeMagnitudes(part, part);
        });
  }

  /** Writes the positive pi_gate of tokens from which b_dec has been subtracted. */
  public void encodeGates(SparseCodes gates, FloatMatrix inputs) {
    device()
        .kernels()
        .selection()
        .encodeAbove(gates, inputs, layers.encoder(), weights().bEnc(), zeros);
  }

  /**
   * Writes f of open gates.
   *
   * @param codes of the shape of the gates; may be the gates
   * @param gates what {@link #encodeGates} wrote
   */
  public void encodeMagnitudes(SparseCodes codes, SparseCodes gates) {
    device().kernels().codes().affine(codes, gates, scales, shifts);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    layers.decode(out, codes);
  }

  @Override
  public void weightsChanged() {
    layers.weightsChanged();
    device().download(onHost, 0, rMag);
    for (int i = 0; i < onHost.length; i++) {
      onHost[i] = (float) StrictMath.exp(onHost[i]);
    }
    device().upload(scales, onHost, 0);
    Kernels kernels = device().kernels();
    FloatMatrix row = shifts.reshaped(1, dSae());
    kernels.multiply(row, scales.reshaped(1, dSae()), weights().bEnc());
    kernels.subtract(row, bMag, row);
  }

  @Override
  public GatedSae foldInputScale(double scale) {
    GatedSae folded = allocate(device(), config);
    device().kernels().copy(folded.rMag, rMag);
    device().kernels().copy(folded.bMag, bMag);
    folded.layers.setFolded(layers, List.of(scale));
    folded.weightsChanged();
    return folded;
  }
}
