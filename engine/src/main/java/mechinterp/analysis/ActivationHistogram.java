package mechinterp.analysis;

import java.util.List;

/**
 * How often a latent has activations of each size: bin b counts those from 2^(e/2) to below
 * 2^((e+1)/2) with {@code e = firstHalfOctave + b}.
 *
 * @param firstHalfOctave e of the first bin
 * @param counts activations in each bin; the first and the last are not 0, and there is none when
 *     the latent was never active
 */
public record ActivationHistogram(int firstHalfOctave, List<Long> counts) {
  /** Keeps the list. */
  public ActivationHistogram {
    counts = List.copyOf(counts);
  }

  /** Returns the smallest activation that a bin counts. */
  public double lowerEdge(int bin) {
    return Math.pow(2, (firstHalfOctave + bin) / 2.0);
  }
}
