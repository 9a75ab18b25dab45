package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.ActivationFunction;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An autoencoder whose latents are active above thresholds:
 *
 * <pre>
 *   z = (x - b_dec) W_enc + b_enc
 *   f = z where z &gt; threshold, else 0
 *   x^ = f W_dec + b_dec</pre>
 *
 * This is JumpReLU (Rajamanoharan et al. 2024, arXiv 2407.14435), and what BatchTopK is after its
 * training, with one threshold for all latents. Thresholds of 0 make it ReLU. Thresholds are [1,
 * d_sae].
 */
public final class ThresholdSae implements Sae {
  /** The name of the thresholds in files and among the parameters. */
  public static final String THRESHOLD = "threshold";

  /** Most tokens that several blocks encode at once. */
  private static final int BLOCK_CHUNK = 128;

  private final SaeLayers layers;
  private final FloatMatrix thresholds;
  private final FloatMatrix zeros;
  private final List<SparseCodes> ofBlocks = new ArrayList<>();

  /** Declares an autoencoder in a workspace; all its weights and thresholds are 0. */
  public ThresholdSae(Workspace workspace, SaeConfig config) {
    this.layers = new SaeLayers(workspace, config);
    this.thresholds = workspace.floats(THRESHOLD, 1, config.dSae());
    this.zeros = workspace.floats("no threshold", 1, config.dSae());
    List<LatentBlock> blocks = config.blocks();
    for (int i = 0; blocks.size() > 1 && i < blocks.size(); i++) {
      int latents = blocks.get(i).latents();
      ofBlocks.add(
          workspace.codes(SaeParameter.ofBlock("codes", i), BLOCK_CHUNK, latents, latents));
    }
  }

  /**
   * Returns a new autoencoder whose weights and thresholds are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static ThresholdSae allocate(Device device, SaeConfig config) {
    String purpose =
        "%s SAE (d_in %d, d_sae %d)".formatted(config.architecture(), config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> new ThresholdSae(workspace, config));
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

  /** Returns the thresholds themselves [1, d_sae], not a copy. */
  public FloatMatrix thresholds() {
    return thresholds;
  }

  /** Returns whether it is more than ReLU, whose thresholds are 0 and stay so. */
  public boolean hasThresholds() {
    return !(config() instanceof StandardConfig || config() instanceof PAnnealConfig);
  }

  /** Returns how the thresholds are trained, where they are parameters. */
  private Optional<JumpReluTraining> training() {
    return switch (config()) {
      case JumpReluConfig jumpRelu -> jumpRelu.training();
      case JumpReluCrossLayerTranscoderConfig crossLayer -> Optional.of(crossLayer.training());
      default -> Optional.empty();
    };
  }

  /** Sets the thresholds to what they are before training. */
  void initializeThresholds() {
    training()
        .ifPresent(each -> device().kernels().fill(thresholds, (float) each.initialThreshold()));
  }

  /** Sets a latent's threshold to what it is before training, where thresholds are trained. */
  public void initializeThreshold(int latent) {
    FloatMatrix own = thresholds.columnRange(latent, latent + 1);
    training().ifPresent(each -> device().kernels().fill(own, (float) each.initialThreshold()));
  }

  @Override
  public List<SaeParameter> parameters() {
    List<SaeParameter> parameters = new ArrayList<>(layers.parameters());
    if (training().isPresent()) {
      parameters.add(SaeParameter.free(THRESHOLD, thresholds));
    }
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
    layers.encode(codes, x, (part, inputs) -> encodeAbove(part, inputs, thresholds));
  }

  /** Writes all positive pre-activations of what the encoder multiplies. */
  public void encodePositive(SparseCodes codes, FloatMatrix inputs) {
    encodeAbove(codes, inputs, zeros);
  }

  /** Writes the pre-activations above limits of tokens from which b_dec has been subtracted. */
  public void encodeAbove(SparseCodes codes, FloatMatrix inputs, FloatMatrix limits) {
    if (ofBlocks.isEmpty()) {
      device()
          .kernels()
          .selection()
          .encodeAbove(codes, inputs, layers.encoder(), weights().bEnc(), limits);
      return;
    }
    for (int from = 0; from < inputs.rows(); from += BLOCK_CHUNK) {
      int to = Math.min(inputs.rows(), from + BLOCK_CHUNK);
      encodeBlocks(codes.rowRange(from, to), inputs.rowRange(from, to), limits);
    }
  }

  private void encodeBlocks(SparseCodes codes, FloatMatrix inputs, FloatMatrix limits) {
    List<LatentBlock> blocks = config().blocks();
    List<SparseCodes> found = new ArrayList<>();
    for (int i = 0; i < blocks.size(); i++) {
      LatentBlock block = blocks.get(i);
      SparseCodes own = ofBlocks.get(i).rowRange(0, inputs.rows());
      FloatMatrix bias = weights().bEnc().columnRange(block.firstLatent(), block.endLatent());
      FloatMatrix least = limits.columnRange(block.firstLatent(), block.endLatent());
      device()
          .kernels()
          .selection()
          .encodeAbove(own, block.inputs(inputs), layers.encoder(i), bias, least);
      found.add(own);
    }
    device().kernels().codes().concatenate(codes, found);
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

  /** Below 0 a threshold would let negative activations pass: in training it ends there. */
  @Override
  public void weightsChanged() {
    if (training().isPresent()) {
      device().kernels().activate(thresholds, thresholds, ActivationFunction.RELU);
    }
    layers.weightsChanged();
  }

  @Override
  public ThresholdSae foldInputScale(double scale) {
    return foldScales(List.of(scale));
  }

  @Override
  public ThresholdSae foldScales(List<Double> scales) {
    ThresholdSae folded = allocate(device(), config());
    folded.layers.setFolded(layers, scales);
    device().kernels().copy(folded.thresholds, thresholds);
    return folded;
  }
}
