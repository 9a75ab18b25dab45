package mechinterp.sae;

import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
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
 * fewer latents are active; of equal pre-activations the lower index is chosen. GroupMax ({@link
 * GroupMaxConfig}) chooses the largest of each of k groups instead.
 */
public final class TopKSae implements RankedSae {
  private final int k;
  private final SaeLayers layers;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public TopKSae(Workspace workspace, TopKConfig config) {
    this(workspace, config, config.k());
  }

  /** Declares one of a kind that has k latents active on each token. */
  public TopKSae(Workspace workspace, SaeConfig config, int k) {
    this.k = k;
    this.layers = new SaeLayers(workspace, config);
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static TopKSae allocate(Device device, TopKConfig config) {
    return allocate(device, config, config.k());
  }

  private static TopKSae allocate(Device device, SaeConfig config, int k) {
    String purpose = "TopK SAE (d_in %d, d_sae %d)".formatted(config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> new TopKSae(workspace, config, k));
  }

  @Override
  public SaeConfig config() {
    return layers.config();
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
    return layers.parameters();
  }

  /** Returns how many latents are active on a token. */
  @Override
  public int k() {
    return k;
  }

  @Override
  public int maxActive() {
    return k;
  }

  @Override
  public void prepareInputs(FloatMatrix out, FloatMatrix x) {
    layers.prepareInputs(out, x);
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    layers.encode(codes, x, (part, inputs) -> encodePrepared(part, inputs, k));
  }

  /** Writes the active latents, as many as are wanted, of what the encoder multiplies. */
  @Override
  public void encodePrepared(SparseCodes codes, FloatMatrix inputs, int active) {
    Kernels kernels = device().kernels();
    FloatMatrix bias = weights().bEnc();
    if (config() instanceof GroupMaxConfig) {
      kernels.selection().encodeGroupMax(codes, inputs, layers.encoder(), bias, active);
    } else {
      kernels.encodeTopK(codes, inputs, layers.encoder(), bias, active);
    }
  }

  /**
   * Writes all pre-activations above limits of what the encoder multiplies, into codes with room
   * for all latents.
   */
  public void encodeAbove(SparseCodes codes, FloatMatrix inputs, FloatMatrix limits) {
    device()
        .kernels()
        .selection()
        .encodeAbove(codes, inputs, layers.encoder(), weights().bEnc(), limits);
  }

  @Override
  public void encodeListed(SparseCodes codes, FloatMatrix inputs, SparseCodes shortlist) {
    SaeWeights weights = weights();
    device()
        .kernels()
        .shortlists()
        .encodeListed(codes, inputs, shortlist, weights.wEnc(), weights.bEnc(), k);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    layers.decode(out, codes);
  }

  @Override
  public void reconstruct(FloatMatrix out, SparseCodes codes, FloatMatrix x) {
    layers.reconstruct(out, codes, x);
  }

  @Override
  public Optional<FloatMatrix> skip() {
    return layers.skip();
  }

  @Override
  public void weightsChanged() {
    layers.weightsChanged();
  }

  @Override
  public TopKSae foldInputScale(double scale) {
    return foldScales(List.of(scale));
  }

  @Override
  public TopKSae foldScales(List<Double> scales) {
    TopKSae folded = allocate(device(), config(), k);
    folded.layers.setFolded(layers, scales);
    return folded;
  }
}
