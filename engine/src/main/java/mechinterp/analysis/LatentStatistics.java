package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;

/** Counts, sums, maxima and histograms of the activations of each latent. */
final class LatentStatistics {
  private static final int LOWEST_HALF_OCTAVE = -40;
  private static final int BINS = 80;
  private static final float ROOT_HALF = (float) Math.sqrt(0.5);

  private final long[] activeTokens;
  private final double[] sums;
  private final float[] maxima;
  private final int[] histograms;

  LatentStatistics(int latents) {
    activeTokens = new long[latents];
    sums = new double[latents];
    maxima = new float[latents];
    histograms = new int[Math.multiplyExact(latents, BINS)];
  }

  static long bytes(int latents) {
    return (long) latents * (Long.BYTES + Double.BYTES + Float.BYTES + Integer.BYTES * BINS);
  }

  void add(int latent, float activation) {
    activeTokens[latent]++;
    sums[latent] += activation;
    maxima[latent] = Math.max(maxima[latent], activation);
    histograms[latent * BINS + halfOctave(activation) - LOWEST_HALF_OCTAVE]++;
  }

  /**
   * Returns the e for which an activation lies in 2^(e/2) to below 2^((e+1)/2). Outside of 2^-20 to
   * 2^20 the first and the last one take what there is.
   */
  static int halfOctave(float activation) {
    int octave = Math.getExponent(activation);
    float mantissa = Math.scalb(activation, -octave - 1);
    int halfOctave = 2 * octave + (mantissa >= ROOT_HALF ? 1 : 0);
    return Math.clamp(halfOctave, LOWEST_HALF_OCTAVE, LOWEST_HALF_OCTAVE + BINS - 1);
  }

  long[] activeTokens() {
    return activeTokens;
  }

  /** Returns the mean over the tokens on which the latent is active; 0 when there is none. */
  double mean(int latent) {
    return activeTokens[latent] == 0 ? 0 : sums[latent] / activeTokens[latent];
  }

  float max(int latent) {
    return maxima[latent];
  }

  ActivationHistogram histogram(int latent) {
    int from = latent * BINS;
    int to = from + BINS;
    while (from < to && histograms[from] == 0) {
      from++;
    }
    while (to > from && histograms[to - 1] == 0) {
      to--;
    }
    List<Long> counts = new ArrayList<>();
    for (int i = from; i < to; i++) {
      counts.add((long) histograms[i]);
    }
    return new ActivationHistogram(from - latent * BINS + LOWEST_HALF_OCTAVE, counts);
  }
}
