package mechinterp.sae;

import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.Workspace;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * Matching pursuit (Mallat and Zhang 1993) as an autoencoder (MP-SAE, Costa et al. 2025, arXiv
 * 2506.03093), step by step as SAELens' {@code matching_pursuit}. With the residual r = x - b_dec
 * at first and f = 0, each iteration does
 *
 * <pre>
 *   i   = the latent with the largest &lt;r, W_dec[i]&gt;
 *   v   = max(0, &lt;r, W_dec[i]&gt;)
 *   f_i = f_i + v,   r = r - v W_dec[i]
 *   x^  = f W_dec + b_dec</pre>
 *
 * A token is done when no product is positive, when |r| is below the residual threshold, when i was
 * active before and duplicates end it (v is added all the same), or after the last iteration. Of
 * equal products the lowest latent is picked. Rows of W_dec are taken as they are, whatever their
 * norms. The encoder is tied: W_enc is the transpose of W_dec, and there is no b_enc.
 */
public final class MatchingPursuitSae implements Sae {
  private final MatchingPursuitConfig config;
  private final SaeLayers layers;
  private final GreedyPicks picks;

  /** Declares an autoencoder in a workspace; all its weights are 0. */
  public MatchingPursuitSae(Workspace workspace, MatchingPursuitConfig config) {
    this.config = config;
    this.layers = new SaeLayers(workspace, config, SaeWeights.tied(workspace, config), 1);
    this.picks = new GreedyPicks(workspace, config, layers);
  }

  /**
   * Returns a new autoencoder whose weights are all 0.
   *
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static MatchingPursuitSae allocate(Device device, MatchingPursuitConfig config) {
    String purpose =
        "matching pursuit SAE (d_in %d, d_sae %d)".formatted(config.dIn(), config.dSae());
    return Workspace.allocate(
        purpose, device, workspace -> new MatchingPursuitSae(workspace, config));
  }

  /**
   * Returns matching pursuit over the dictionary of another autoencoder: its W_dec, each row
   * divided by its norm, and its b_dec. Activations are those of rows of norm 1.
   *
   * @throws IllegalArgumentException with the JSON field's name when the sizes differ, or when it
   *     does not reconstruct its input
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit
   */
  public static MatchingPursuitSae of(Sae other, MatchingPursuitConfig config) {
    Sizes.requireEqual("d_in", config.dIn(), other.dIn());
    Sizes.requireEqual("d_sae", config.dSae(), other.dSae());
    if (!other.config().centresInput()) {
      throw new IllegalArgumentException(
          "architecture: is %s; matching pursuit needs the dictionary of a kind that reconstructs its input"
              .formatted(other.config().architecture()));
    }
    MatchingPursuitSae pursuit = allocate(other.device(), config);
    Kernels kernels = other.device().kernels();
    kernels.normalizeRows(pursuit.weights().wDec(), other.weights().wDec());
    kernels.copy(pursuit.weights().bDec(), other.weights().bDec());
    pursuit.weightsChanged();
    return pursuit;
  }

  @Override
  public MatchingPursuitConfig config() {
    return config;
  }

  @Override
  public Device device() {
    return layers.device();
  }

  /** Returns the weights; W_enc is the same matrix as W_dec, b_enc is 0 and stays so. */
  @Override
  public SaeWeights weights() {
    return layers.weights();
  }

  @Override
  public List<SaeParameter> parameters() {
    return List.of(
        SaeParameter.decoder("W_dec", weights().wDec()),
        SaeParameter.free("b_dec", weights().bDec()));
  }

  @Override
  public int maxActive() {
    return config.mostActive();
  }

  @Override
  public void prepareInputs(FloatMatrix out, FloatMatrix x) {
    layers.prepareInputs(out, x);
  }

  @Override
  public void encode(SparseCodes codes, FloatMatrix x) {
    layers.encode(codes, x, picks::encode);
  }

  @Override
  public void decode(FloatMatrix out, SparseCodes codes) {
    layers.decode(out, codes);
  }

  @Override
  public void weightsChanged() {
    layers.weightsChanged();
  }

  /**
   * Returns this autoencoder for activations that were not multiplied by {@code scale}. A tied
   * dictionary cannot have the scale in it, so W_dec stays; b_dec and the residual threshold are
   * divided by it. Reconstructions are those of scale x divided by the scale, and so are latents'
   * activations, which other kinds keep. The same as SAELens' folding of {@code
   * expected_average_only_in}.
   */
  @Override
  public MatchingPursuitSae foldInputScale(double scale) {
    Sizes.requirePositive("input scale", scale);
    double threshold = config.residualThreshold() / scale;
    MatchingPursuitSae folded = allocate(device(), config.withResidualThreshold(threshold));
    Kernels kernels = device().kernels();
    kernels.copy(folded.weights().wDec(), weights().wDec());
    kernels.scale(folded.weights().bDec(), weights().bDec(), (float) (1 / scale));
    folded.weightsChanged();
    return folded;
  }
}
