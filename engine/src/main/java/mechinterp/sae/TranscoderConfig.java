package mechinterp.sae;

import java.util.List;

/**
 * A transcoder (Dunefsky et al. 2024, arXiv 2406.11944): it makes the activations of one hook point
 * from those of another, such as the output of an MLP from its input; with a skip connection (Paulo
 * et al. 2025, arXiv 2501.18823) an affine function of the input is added.
 *
 * @param dIn width of the activations that are encoded
 * @param dOut width of the activations that are made
 * @param dSae number of latents
 * @param k number of active latents
 * @param kScope what it is the number of
 * @param skip whether x W_skip^T is added
 */
public record TranscoderConfig(int dIn, int dOut, int dSae, int k, KScope kScope, boolean skip)
    implements SaeConfig {
  /** The name of this kind in JSON. */
  public static final String ARCHITECTURE = "transcoder";

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public TranscoderConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_out", dOut);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
  }

  /** Returns a transcoder with k latents active on each token and without skip connection. */
  public static TranscoderConfig of(int dIn, int dOut, int dSae, int k) {
    return new TranscoderConfig(dIn, dOut, dSae, k, KScope.TOKEN, false);
  }

  /** Returns the same with k of another scope. */
  public TranscoderConfig withKScope(KScope value) {
    return new TranscoderConfig(dIn, dOut, dSae, k, value, skip);
  }

  /** Returns the same with or without a skip connection. */
  public TranscoderConfig withSkip(boolean value) {
    return new TranscoderConfig(dIn, dOut, dSae, k, kScope, value);
  }

  @Override
  public String architecture() {
    return skip ? "skip_transcoder" : ARCHITECTURE;
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
