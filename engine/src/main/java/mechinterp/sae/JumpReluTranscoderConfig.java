package mechinterp.sae;

import java.util.List;

/**
 * A transcoder whose latents are active above thresholds of their own: what a {@link
 * TranscoderConfig} with k of a batch is after its training, and with thresholds of 0 one of ReLU.
 *
 * @param dIn width of the activations that are encoded
 * @param dOut width of the activations that are made
 * @param dSae number of latents
 * @param skip whether x W_skip^T is added
 */
public record JumpReluTranscoderConfig(int dIn, int dOut, int dSae, boolean skip)
    implements SaeConfig {
  /** The name of this kind in SAELens' {@code cfg.json}. */
  public static final String ARCHITECTURE = "jumprelu_transcoder";

  /** The name in SAELens' {@code cfg.json} with a skip connection. */
  public static final String SKIP_ARCHITECTURE = "jumprelu_skip_transcoder";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public JumpReluTranscoderConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_out", dOut);
    Sizes.requirePositive("d_sae", dSae);
  }

  @Override
  public String architecture() {
    return skip ? SKIP_ARCHITECTURE : ARCHITECTURE;
  }

  @Override
  public List<Integer> siteWidths() {
    return List.of(dIn, dOut);
  }

  @Override
  public boolean centresInput() {
    return false;
  }
}
