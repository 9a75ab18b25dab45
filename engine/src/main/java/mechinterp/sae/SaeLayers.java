package mechinterp.sae;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * One encoder and one decoder, which kinds of autoencoders share:
 *
 * <pre>
 *   z = (x - b_dec) W_enc + b_enc
 *   x^ = f W_dec + b_dec</pre>
 *
 * How f comes from z is the kind's. Where {@link SaeConfig#centresInput} is false b_dec is not
 * subtracted, and with {@link SaeConfig#skip} x W_skip^T is added to x^. Of several {@link
 * SaeConfig#blocks} each has an encoder of its own.
 */
final class SaeLayers {
  /** Most tokens that are encoded at once. */
  static final int CHUNK = 1024;

  private final Device device;
  private final SaeConfig config;
  private final SaeWeights weights;
  private final Optional<FloatMatrix> skip;
  private final List<PackedMatrix> encoders = new ArrayList<>();
  private final FloatMatrix encoderInputs;

  /** Declares the weights, which are 0. */
  SaeLayers(Workspace workspace, SaeConfig config) {
    this(workspace, config, SaeWeights.declare(workspace, config), config.blocks().size());
  }

  /**
   * Declares what belongs to weights.
   *
   * @param parts equal parts of the latents, one behind the other, whose encoders are used alone:
   *     {@link SaeConfig#blocks}, or experts
   */
  SaeLayers(Workspace workspace, SaeConfig config, SaeWeights weights, int parts) {
    this.device = workspace.device();
    this.config = config;
    this.weights = weights;
    this.skip =
        config.skip()
            ? Optional.of(workspace.floats("W_skip", config.dOut(), config.dIn()))
            : Optional.empty();
    for (int part = 0; part < parts; part++) {
      String name = parts == 1 ? "W_enc packed" : "W_enc packed, part " + part;
      encoders.add(workspace.packed(name, weights.wEnc().cols(), config.dSae() / parts));
    }
    this.encoderInputs = workspace.floats("encoder inputs of a chunk", CHUNK, config.dIn());
  }

  Device device() {
    return device;
  }

  SaeConfig config() {
    return config;
  }

  SaeWeights weights() {
    return weights;
  }

  /** Returns W_skip [d_out, d_in], if there is one. */
  Optional<FloatMatrix> skip() {
    return skip;
  }

  List<SaeParameter> parameters() {
    List<SaeParameter> parameters = new ArrayList<>(weights.parameters(config.blocks()));
    skip.ifPresent(matrix -> parameters.add(SaeParameter.free(SaeParameter.SKIP, matrix)));
    return parameters;
  }

  /** Returns W_enc as products take it. */
  PackedMatrix encoder() {
    return encoder(0);
  }

  /** Returns the columns of W_enc that belong to a part of the latents, as products take them. */
  PackedMatrix encoder(int part) {
    return encoders.get(part);
  }

  /** Writes what the encoder multiplies. */
  void prepareInputs(FloatMatrix out, FloatMatrix x) {
    if (config.centresInput()) {
      device.kernels().addRow(out, x, weights.bDec(), -1);
    } else {
      device.kernels().copy(out, x);
    }
  }

  /** Makes f of what {@link #prepareInputs} wrote. */
  @FunctionalInterface
  interface Encoder {
    void encode(SparseCodes codes, FloatMatrix inputs);
  }

  /** Encodes activations, some tokens at once. */
  void encode(SparseCodes codes, FloatMatrix x, Encoder kind) {
    for (int from = 0; from < x.rows(); from += CHUNK) {
      int to = Math.min(x.rows(), from + CHUNK);
      FloatMatrix inputs = encoderInputs.rowRange(0, to - from);
      prepareInputs(inputs, x.rowRange(from, to));
      kind.encode(codes.rowRange(from, to), inputs);
    }
  }

  void decode(FloatMatrix out, SparseCodes codes) {
    device.kernels().decode(out, codes, weights.wDec(), weights.bDec());
  }

  void reconstruct(FloatMatrix out, SparseCodes codes, FloatMatrix x) {
    decode(out, codes);
    skip.ifPresent(matrix ->
        device.kernels().matmul(out, x, Operand.AS_IS, matrix, Operand.TRANSPOSED, Write.ADD));
  }

  void weightsChanged() {
    int size = config.dSae() / encoders.size();
    for (int part = 0; part < encoders.size(); part++) {
      FloatMatrix rows = weights.wEnc().rowRange(part * size, (part + 1) * size);
      device.kernels().pack(encoders.get(part), rows, Operand.TRANSPOSED);
    }
  }

  /**
   * Takes over weights, for activations that were not multiplied by scales.
   *
   * @param scales one for each hook point
   * @throws IllegalArgumentException when there are more or fewer, or one is not positive and
   *     finite
   */
  void setFolded(SaeLayers from, List<Double> scales) {
    List<Integer> widths = config.siteWidths();
    if (scales.size() != widths.size()) {
      throw new IllegalArgumentException(
          "input scale: there are %d, hook points %d; there must be one for each"
              .formatted(scales.size(), widths.size()));
    }
    device.kernels().copy(weights.bEnc(), from.weights.bEnc());
    int first = 0;
    for (int site = 0; site < widths.size(); site++) {
      fold(from, first, first + widths.get(site), scales.get(site));
      first += widths.get(site);
    }
    float skipScale = (float) (scales.getFirst() / scales.getLast());
    skip.ifPresent(matrix -> device.kernels().scale(matrix, from.skip.orElseThrow(), skipScale));
    weightsChanged();
  }

  /** Takes over what belongs to the columns of one hook point. */
  private void fold(SaeLayers from, int first, int end, double scale) {
    if (!(scale > 0 && scale < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "input scale: is %s; it must be positive and finite".formatted(scale));
    }
    if (end <= config.dIn()) {
      foldEncoder(from, first, end, scale);
    }
    int target = config.rowWidth() - config.dOut();
    if (first >= target) {
      scale(weights.wDec(), from.weights.wDec(), first - target, end - target, 1 / scale);
      scale(weights.bDec(), from.weights.bDec(), first - target, end - target, 1 / scale);
    }
  }

  /** Takes over what sees the columns of one hook point. */
  private void foldEncoder(SaeLayers from, int first, int end, double scale) {
    for (LatentBlock block : config.blocks()) {
      if (block.firstInput() <= first && end <= block.endInput()) {
        scale(
            block.latentRows(weights.wEnc()),
            block.latentRows(from.weights.wEnc()),
            first - block.firstInput(),
            end - block.firstInput(),
            scale);
      }
    }
  }

  private void scale(FloatMatrix to, FloatMatrix from, int first, int end, double factor) {
    Kernels kernels = device.kernels();
    kernels.scale(to.columnRange(first, end), from.columnRange(first, end), (float) factor);
  }
}
