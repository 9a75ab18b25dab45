package mechinterp.sae;

import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * A sparse autoencoder on a device. The codes and the reconstruction of a token have the same bits
 * whatever other tokens are with it. Not for use by several threads at once: encoding has a buffer
 * of its own.
 */
public sealed interface Sae
    permits RankedSae, ThresholdSae, GatedSae, SwitchSae, MatchingPursuitSae, WrappedSae {
  /** Declares an autoencoder in a workspace; all its weights are 0. */
  static Sae declare(Workspace workspace, SaeConfig config) {
    return switch (config) {
      case TopKConfig topK -> new TopKSae(workspace, topK);
      case MultiTopKConfig multi -> new TopKSae(workspace, multi, multi.k());
      case GroupMaxConfig groupMax -> new TopKSae(workspace, groupMax, groupMax.k());
      case TranscoderConfig transcoder ->
          choosing(workspace, transcoder, transcoder.kScope(), transcoder.k());
      case CrosscoderConfig crosscoder ->
          choosing(workspace, crosscoder, crosscoder.kScope(), crosscoder.k());
      case BatchTopKConfig _,
          MatryoshkaConfig _,
          StandardConfig _,
          PAnnealConfig _,
          JumpReluConfig _,
          JumpReluTranscoderConfig _,
          JumpReluCrosscoderConfig _,
          CrossLayerConfig _ ->
          new ThresholdSae(workspace, config);
      case GatedConfig gated -> new GatedSae(workspace, gated);
      case HybridSaeConfig hybrid -> new HybridSae(workspace, hybrid);
      case SwitchConfig experts -> new SwitchSae(workspace, experts);
      case MatchingPursuitConfig pursuit -> new MatchingPursuitSae(workspace, pursuit);
    };
  }

  private static Sae choosing(Workspace workspace, SaeConfig config, KScope scope, int k) {
    return switch (scope) {
      case TOKEN -> new TopKSae(workspace, config, k);
      case BATCH -> new ThresholdSae(workspace, config);
    };
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  static Sae allocate(Device device, SaeConfig config) {
    String purpose =
        "%s SAE (d_in %d, d_sae %d)".formatted(config.architecture(), config.dIn(), config.dSae());
    return Workspace.allocate(purpose, device, workspace -> declare(workspace, config));
  }

  /** Returns the kind and the sizes. */
  SaeConfig config();

  /** Returns the device that holds the weights. */
  Device device();

  /**
   * Returns the weights themselves, not copies. After changing them call {@link #weightsChanged}.
   */
  SaeWeights weights();

  /** Returns the same weights, each with its name: what is trained. */
  List<SaeParameter> parameters();

  /** Returns how many latents can be active on a token. */
  int maxActive();

  /**
   * Writes what the encoder multiplies: x - b_dec, or x where {@link SaeConfig#centresInput} is
   * false.
   *
   * @param out [tokens, d_in]
   * @param x activations [tokens, d_in]
   */
  void prepareInputs(FloatMatrix out, FloatMatrix x);

  /**
   * Writes the active latents of each token.
   *
   * @param codes a row for each token; capacity at least {@link #maxActive}, over d_sae latents
   * @param x activations [tokens, d_in]
   */
  void encode(SparseCodes codes, FloatMatrix x);

  /**
   * Writes the activations that the codes stand for: of a {@link NormalizedSae} the normalised
   * ones.
   *
   * @param out [tokens, d_out]
   */
  void decode(FloatMatrix out, SparseCodes codes);

  /**
   * Writes the activations that stand for encoded ones: what their codes stand for, and with a skip
   * connection x W_skip^T, too.
   *
   * @param out [tokens, d_out]
   * @param x what the codes are of [tokens, d_in]; not {@code out} where there is a skip connection
   */
  default void reconstruct(FloatMatrix out, SparseCodes codes, FloatMatrix x) {
    decode(out, codes);
  }

  /**
   * Writes what each token's latents are multiplied by, besides their decoder rows, when {@link
   * #reconstruct} makes its activation: 1, but for a {@link NormalizedSae} the token's own scale.
   *
   * @param out [tokens, 1]
   * @param x what is encoded [tokens, d_in]
   */
  default void decoderScales(FloatMatrix out, FloatMatrix x) {
    device().kernels().fill(out, 1);
  }

  /** Brings what is derived from the weights up to date. */
  void weightsChanged();

  /**
   * Returns this autoencoder for activations that were not multiplied by {@code scale}: W_enc
   * times, W_dec and b_dec divided by the scale. Latents keep their activations: encoding x here
   * gives the codes of scale x there, and decoding them gives the reconstruction there divided by
   * the scale. The same as SAELens' folding of {@code expected_average_only_in}.
   *
   * @param scale positive and finite
   */
  Sae foldInputScale(double scale);

  /**
   * Returns this autoencoder for activations that were not multiplied by scales, one for each hook
   * point: as {@link #foldInputScale}, each for its columns.
   *
   * @param scales positive and finite, as many as {@link SaeConfig#siteWidths}
   */
  default Sae foldScales(List<Double> scales) {
    if (scales.size() != 1) {
      throw new IllegalArgumentException(
          "scales: are %d; %s is of one hook point".formatted(scales.size(), config()));
    }
    return foldInputScale(scales.getFirst());
  }

  /** Returns W_skip [d_out, d_in] itself, where the kind has one. */
  default Optional<FloatMatrix> skip() {
    return Optional.empty();
  }

  /** Returns the columns of rows of its data that are encoded. */
  default FloatMatrix inputs(FloatMatrix rows) {
    return rows.columnRange(0, dIn());
  }

  /** Returns the columns of rows of its data that are the target. */
  default FloatMatrix targets(FloatMatrix rows) {
    return rows.columnRange(config().rowWidth() - dOut(), config().rowWidth());
  }

  /** Returns the width of an activation. */
  default int dIn() {
    return config().dIn();
  }

  /** Returns the width of what it makes of codes. */
  default int dOut() {
    return config().dOut();
  }

  /** Returns the number of latents. */
  default int dSae() {
    return config().dSae();
  }

  /** Returns new codes on the device that hold the active latents of {@code tokens} tokens. */
  default SparseCodes newCodes(int tokens) {
    return new SparseCodes(
        device().ints(tokens, maxActive()),
        device().floats(tokens, maxActive()),
        device().ints(tokens, 1),
        dSae());
  }
}
