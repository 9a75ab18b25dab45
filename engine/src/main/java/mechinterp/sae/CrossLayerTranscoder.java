package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * A cross-layer transcoder (Ameisen et al. 2025, "Circuit Tracing: Revealing Computational Graphs
 * in Language Models"): the latents of a layer see what goes into its MLP, and write to what comes
 * out of the MLPs of that layer and of all later ones:
 *
 * <pre>
 *   z_i  = x_i W_enc_i + b_enc_i                                 W_enc_i [d_model, d_sae]
 *   f_i  = z_i where z_i &gt; threshold_i, else 0                   thresholds of 0: ReLU
 *   y^_t = sum over i &lt;= t of f_i W_dec_i,t  +  b_dec_t          W_dec_i,t [d_sae, d_model]
 * </pre>
 *
 * and x_t W_skip_t^T besides, where there are skip connections. It is trained as the autoencoder of
 * {@link CrossLayerConfig}, of which {@link #of} makes it. The codes of a token and what is made of
 * them have the same bits whatever other tokens are with it. Not for use by several threads at
 * once.
 */
public final class CrossLayerTranscoder {
  private final Device device;
  private final CrossLayerSizes config;
  private final List<ThresholdSae> layers = new ArrayList<>();
  private final List<FloatMatrix> skips = new ArrayList<>();
  private final FloatMatrix part;

  /** Declares a transcoder in a workspace; all its weights and thresholds are 0. */
  public CrossLayerTranscoder(Workspace workspace, CrossLayerSizes config) {
    this.device = workspace.device();
    this.config = config;
    for (int layer = 0; layer < config.layers(); layer++) {
      Workspace ofLayer = workspace.within("layer " + layer);
      layers.add(new ThresholdSae(ofLayer, config.ofLayer(layer)));
      if (config.skip()) {
        skips.add(ofLayer.floats(SaeParameter.SKIP, config.dModel(), config.dModel()));
      }
    }
    this.part = workspace.floats("written by one layer", SaeLayers.CHUNK, config.dModel());
  }

  /**
   * Returns a new transcoder whose weights and thresholds are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   * @throws IllegalArgumentException when the decoder of a layer has 2^31 numbers or more
   */
  public static CrossLayerTranscoder allocate(Device device, CrossLayerSizes config) {
    String purpose =
        "cross-layer transcoder (%d layers, d_model %d, d_sae %d)"
            .formatted(config.layers(), config.dModel(), config.dSae());
    return Workspace.allocate(
        purpose, device, workspace -> new CrossLayerTranscoder(workspace, config));
  }

  /**
   * Returns what a trained autoencoder of this kind is: a copy of its weights, layer by layer, with
   * the thresholds that its training found.
   *
   * @throws IllegalArgumentException when it is of another kind
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static CrossLayerTranscoder of(Sae sae) {
    if (!(sae instanceof ThresholdSae trained && sae.config() instanceof CrossLayerConfig config)) {
      throw new IllegalArgumentException(
          "architecture: is %s; it must be %s or %s"
              .formatted(
                  sae.config().architecture(),
                  CrossLayerTranscoderConfig.ARCHITECTURE,
                  JumpReluCrossLayerTranscoderConfig.ARCHITECTURE));
    }
    int dModel = config.dModel();
    CrossLayerSizes sizes =
        new CrossLayerSizes(config.layers(), dModel, config.latentsOfLayer(), false);
    CrossLayerTranscoder transcoder = allocate(sae.device(), sizes);
    Kernels kernels = sae.device().kernels();
    SaeWeights from = sae.weights();
    for (int layer = 0; layer < config.layers(); layer++) {
      LatentBlock block = config.blocks().get(layer);
      ThresholdSae latents = transcoder.layer(layer);
      SaeWeights to = latents.weights();
      int first = block.firstLatent();
      int end = block.endLatent();
      kernels.copy(to.wEnc(), block.latentRows(from.wEnc()));
      kernels.copy(to.bEnc(), from.bEnc().columnRange(first, end));
      kernels.copy(to.wDec(), block.decoder(from.wDec()));
      kernels.copy(
          to.bDec().columnRange(0, dModel),
          from.bDec().columnRange(layer * dModel, (layer + 1) * dModel));
      kernels.copy(latents.thresholds(), trained.thresholds().columnRange(first, end));
    }
    transcoder.weightsChanged();
    return transcoder;
  }

  /** Returns the sizes. */
  public CrossLayerSizes config() {
    return config;
  }

  /** Returns the device that holds the weights. */
  public Device device() {
    return device;
  }

  /**
   * Returns the latents of a layer, themselves, not a copy: a transcoder whose W_dec [d_sae,
   * (layers - layer) d_model] has what each latent writes to this layer, the next, and so on, side
   * by side. The first d_model numbers of its b_dec are those of the layer, the others 0. After
   * changing weights call {@link #weightsChanged}.
   *
   * @param layer from 0
   */
  public ThresholdSae layer(int layer) {
    return layers.get(layer);
  }

  /**
   * Returns a copy of the latents of a layer as a transcoder of that layer alone, whose W_dec
   * [d_sae, d_model] is the sum of what each latent writes to all layers: what it adds to the
   * residual stream by itself. With it latents are shown.
   *
   * @param layer from 0
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public ThresholdSae summed(int layer) {
    int dModel = config.dModel();
    ThresholdSae from = layers.get(layer);
    ThresholdSae summed =
        ThresholdSae.allocate(
            device, new JumpReluTranscoderConfig(dModel, dModel, config.dSae(), false));
    Kernels kernels = device.kernels();
    SaeWeights to = summed.weights();
    kernels.copy(to.wEnc(), from.weights().wEnc());
    kernels.copy(to.bEnc(), from.weights().bEnc());
    kernels.copy(to.bDec(), from.weights().bDec().columnRange(0, dModel));
    kernels.copy(summed.thresholds(), from.thresholds());
    for (int first = 0; first < from.dOut(); first += dModel) {
      kernels.add(to.wDec(), to.wDec(), from.weights().wDec().columnRange(first, first + dModel));
    }
    summed.weightsChanged();
    return summed;
  }

  /** Returns W_skip of a layer [d_model, d_model] itself, where there are skip connections. */
  public Optional<FloatMatrix> skip(int layer) {
    return skips.isEmpty() ? Optional.empty() : Optional.of(skips.get(layer));
  }

  /** Returns new codes on the device that hold the active latents of one layer. */
  public SparseCodes newCodes(int tokens) {
    return layers.getFirst().newCodes(tokens);
  }

  /**
   * Writes the active latents of a layer.
   *
   * @param layer from 0
   * @param codes a row for each token, with room for all latents of a layer
   * @param x what goes into the layer's MLP [tokens, d_model]
   */
  public void encode(int layer, SparseCodes codes, FloatMatrix x) {
    layers.get(layer).encode(codes, x);
  }

  /**
   * Writes what the latents of a layer and of all before it make at that layer.
   *
   * @param layer from 0
   * @param out [tokens, d_model]
   * @param codes of the same tokens at layers 0 to {@code layer}; those of later ones are not used
   * @throws IllegalArgumentException when codes of a layer are missing
   */
  public void decode(int layer, FloatMatrix out, List<SparseCodes> codes) {
    if (codes.size() <= layer) {
      throw new IllegalArgumentException(
          "codes: are of %d layers; layer %d is made of those of layers 0 to %d"
              .formatted(codes.size(), layer, layer));
    }
    for (int from = 0; from < out.rows(); from += SaeLayers.CHUNK) {
      int to = Math.min(out.rows(), from + SaeLayers.CHUNK);
      FloatMatrix rows = out.rowRange(from, to);
      FloatMatrix written = part.rowRange(0, to - from);
      write(rows, layer, layer, codes.get(layer).rowRange(from, to));
      for (int source = 0; source < layer; source++) {
        write(written, source, layer, codes.get(source).rowRange(from, to));
        device.kernels().add(rows, rows, written);
      }
    }
  }

  /** Of a layer's own latents b_dec is added; behind it the b_dec of the transcoder has zeros. */
  private void write(FloatMatrix out, int source, int target, SparseCodes codes) {
    SaeWeights weights = layers.get(source).weights();
    int first = (target - source) * config.dModel();
    int end = first + config.dModel();
    device
        .kernels()
        .decode(
            out,
            codes,
            weights.wDec().columnRange(first, end),
            weights.bDec().columnRange(first, end));
  }

  /**
   * Writes what stands for the output of a layer's MLP: {@link #decode}, and with skip connections
   * x W_skip^T, too.
   *
   * @param x what goes into the layer's MLP [tokens, d_model]; not {@code out}
   * @throws IllegalArgumentException when codes of a layer are missing
   */
  public void reconstruct(int layer, FloatMatrix out, List<SparseCodes> codes, FloatMatrix x) {
    decode(layer, out, codes);
    skip(layer)
        .ifPresent(matrix ->
            device.kernels().matmul(out, x, Operand.AS_IS, matrix, Operand.TRANSPOSED, Write.ADD));
  }

  /**
   * Writes the active latents of all layers and what stands for the outputs of all MLPs.
   *
   * @param made [tokens, layers d_model], layer by layer
   * @param codes with room for the latents of all layers, which count on from layer to layer
   * @param ofLayers room for the codes of each layer, of as many tokens or more
   * @param x what goes into the MLPs [tokens, layers d_model], layer by layer; not {@code made}
   */
  public void reconstruct(
      FloatMatrix made, SparseCodes codes, List<SparseCodes> ofLayers, FloatMatrix x) {
    List<SparseCodes> own = ofLayers.stream().map(each -> each.rowRange(0, x.rows())).toList();
    for (int layer = 0; layer < config.layers(); layer++) {
      int first = layer * config.dModel();
      int end = first + config.dModel();
      FloatMatrix inputs = x.columnRange(first, end);
      encode(layer, own.get(layer), inputs);
      reconstruct(layer, made.columnRange(first, end), own, inputs);
    }
    device.kernels().codes().concatenate(codes, own);
  }

  /** Brings what is derived from the weights up to date. */
  public void weightsChanged() {
    layers.forEach(ThresholdSae::weightsChanged);
  }
}
