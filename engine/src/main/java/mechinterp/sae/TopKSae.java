package mechinterp.sae;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
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
  private final TopKConfig config;
  private final SaeLayers layers;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public TopKSae(Workspace workspace, TopKConfig config) {
    this.config = config;
    this.layers = new SaeLayers(workspace, config.dIn(), config.dSae());
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
    return layers.device();
  }

  @Override
  public SaeWeights weights() {
    return layers.weights();
  }

  @Override
  public List<SaeParameter> parameters() {
    return weights().parameters();
  }

  @Override
  public int maxActive() {
    return config.k();
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    layers.encode(codes, x, this::encodeCentred);
  }

  /** Writes the active latents of tokens from which b_dec has been subtracted. */
  void encodeCentred(SparseCodes codes, FloatMatrix inputs) {
    device().kernels().encodeTopK(codes, inputs, layers.encoder(), weights().bEnc(), config.k());
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    layers.decode(out, codes);
  }

  @Override
  public void weightsChanged() {
    layers.weightsChanged();
  }

  @Override
  public TopKSae foldInputScale(double scale) {
    TopKSae folded = allocate(device(), config);
    folded.layers.setFolded(layers, scale);
    return folded;
  }
}
