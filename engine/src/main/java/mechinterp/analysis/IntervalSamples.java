package mechinterp.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import mechinterp.activation.ActivationStore;
import mechinterp.random.RandomStream;

/**
 * For each latent a few tokens of each of several intervals of its activation: the half octave of
 * its largest activation, those below it one by one, and in the last interval all that is smaller.
 * Of each interval the tokens with the smallest random numbers are kept. When a larger activation
 * opens a new half octave, the intervals move down, and the last two become one: the smallest
 * numbers of both are among those that were kept, so one pass gives the uniform sample.
 */
final class IntervalSamples {
  private static final Comparator<Peak> STRONGEST_FIRST =
      Comparator.comparing(Peak::activation).reversed().thenComparing(Peak::row);
  private static final int NONE = Integer.MIN_VALUE;

  private final int intervals;
  private final int capacity;
  private final RandomStream random = RandomStream.of(0, "analysis/interval samples");
  private final int[] highest;
  private final int[] sizes;
  private final int[] rows;
  private final float[] activations;

  IntervalSamples(int latents, int intervals, int capacity) {
    this.intervals = intervals;
    this.capacity = capacity;
    this.highest = new int[latents];
    Arrays.fill(highest, NONE);
    this.sizes = new int[Math.multiplyExact(latents, intervals)];
    this.rows = new int[Math.multiplyExact(sizes.length, capacity)];
    this.activations = new float[rows.length];
  }

  static long bytes(int latents, int intervals, int capacity) {
    return (long) latents * Integer.BYTES * (1 + intervals + 2L * intervals * capacity);
  }

  /** Adds an activation; rows come in rising order. */
  void add(int latent, float activation, int row) {
    int halfOctave = LatentStatistics.halfOctave(activation);
    if (highest[latent] == NONE) {
      highest[latent] = halfOctave;
    } else if (halfOctave > highest[latent]) {
      moveDown(latent, halfOctave);
    }
    insert(latent, Math.min(intervals - 1, highest[latent] - halfOctave), activation, row);
  }

  private void moveDown(int latent, int newHighest) {
    List<Peak> kept = new ArrayList<>();
    for (int interval = 0; interval < intervals; interval++) {
      kept.addAll(peaks(latent, interval));
      sizes[latent * intervals + interval] = 0;
    }
    highest[latent] = newHighest;
    for (Peak peak : kept) {
      int interval = newHighest - LatentStatistics.halfOctave(peak.activation());
      insert(latent, Math.min(intervals - 1, interval), peak.activation(), peak.row());
    }
  }

  private void insert(int latent, int interval, float activation, int row) {
    int cell = latent * intervals + interval;
    int first = cell * capacity;
    int slot = first + sizes[cell];
    if (sizes[cell] < capacity) {
      sizes[cell]++;
    } else {
      slot = largest(latent, first);
      if (number(latent, row) >= number(latent, rows[slot])) {
        return;
      }
    }
    rows[slot] = row;
    activations[slot] = activation;
  }

  private int largest(int latent, int first) {
    int largest = first;
    for (int slot = first + 1; slot < first + capacity; slot++) {
      if (number(latent, rows[slot]) > number(latent, rows[largest])) {
        largest = slot;
      }
    }
    return largest;
  }

  private long number(int latent, int row) {
    return random.bits(((long) latent << Integer.SIZE) | row);
  }

  private List<Peak> peaks(int latent, int interval) {
    List<Peak> peaks = new ArrayList<>();
    int cell = latent * intervals + interval;
    for (int slot = cell * capacity; slot < cell * capacity + sizes[cell]; slot++) {
      peaks.add(new Peak(rows[slot], 0, activations[slot]));
    }
    return peaks;
  }

  /**
   * Returns the intervals of a latent, the strongest first, without those that have no token.
   *
   * @param store names the documents of the rows
   */
  List<ActivationInterval> of(int latent, ActivationHistogram histogram, ActivationStore store) {
    List<ActivationInterval> found = new ArrayList<>();
    for (int interval = 0; interval < intervals; interval++) {
      List<Peak> samples =
          peaks(latent, interval).stream()
              .map(peak ->
                  new Peak(peak.row(), store.origins(peak.row(), 1).document(0), peak.activation()))
              .sorted(STRONGEST_FIRST)
              .toList();
      if (!samples.isEmpty()) {
        found.add(interval(histogram, highest[latent] - interval, isLast(interval), samples));
      }
    }
    return found;
  }

  private boolean isLast(int interval) {
    return interval == intervals - 1;
  }

  private static ActivationInterval interval(
      ActivationHistogram histogram, int halfOctave, boolean last, List<Peak> samples) {
    int bin = halfOctave - histogram.firstHalfOctave();
    long tokens =
        last
            ? histogram.counts().subList(0, bin + 1).stream().mapToLong(Long::longValue).sum()
            : histogram.counts().get(bin);
    return new ActivationInterval(
        last ? 0 : histogram.lowerEdge(bin), histogram.lowerEdge(bin + 1), tokens, samples);
  }
}
