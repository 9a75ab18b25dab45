package mechinterp.metrics;

import java.util.Arrays;

/** How often each latent is active: density[f] = tokens on which latent f is active / tokens. */
public final class LatentDensity {
  private final long[] activeTokens;
  private final long tokens;

  /**
   * Makes the densities of latents.
   *
   * @param activeTokens for each latent the tokens on which it was active; copied
   * @param tokens all tokens, at least 1
   */
  public LatentDensity(long[] activeTokens, long tokens) {
    this.activeTokens = activeTokens.clone();
    this.tokens = tokens;
  }

  /** Returns the number of tokens. */
  public long tokens() {
    return tokens;
  }

  /** Returns on how many tokens a latent was active. */
  public long activeTokens(int latent) {
    return activeTokens[latent];
  }

  /** Returns the number of latents, d_sae. */
  public int latents() {
    return activeTokens.length;
  }

  /** Returns the density of a latent, from 0 to 1. */
  public double of(int latent) {
    return (double) activeTokens[latent] / tokens;
  }

  /** Returns the share of the latents that were active on no token. */
  public double deadFraction() {
    return (double) dead() / latents();
  }

  /** Returns how many latents were active on no token. */
  public long dead() {
    return Arrays.stream(activeTokens).filter(active -> active == 0).count();
  }

  /**
   * Returns the histogram of log10 density over the latents that are not dead: bin b counts those
   * with {@code lowest + b width <= log10 density < lowest + (b + 1) width}, where the last of the
   * {@code bins} bins ends at log10 density 0 and includes it. Smaller densities count in bin 0.
   *
   * @param lowest log10 of the density at which the first bin begins, negative
   */
  public long[] logHistogram(double lowest, int bins) {
    if (!(lowest < 0) || bins < 1) {
      throw new IllegalArgumentException(
          "density histogram: begins at %s with %d bins; it must begin below 0 and have a bin"
              .formatted(lowest, bins));
    }
    long[] counts = new long[bins];
    for (int f = 0; f < latents(); f++) {
      if (activeTokens[f] > 0) {
        double place = (Math.log10(of(f)) - lowest) / -lowest * bins;
        counts[Math.clamp((int) Math.floor(place), 0, bins - 1)]++;
      }
    }
    return counts;
  }
}
