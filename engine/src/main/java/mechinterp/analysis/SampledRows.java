package mechinterp.analysis;

import java.util.Arrays;
import mechinterp.random.RandomStream;

/**
 * For each latent a uniform sample, without replacement, of the rows on which it is active: those
 * with the smallest random numbers, which depend on the row alone (bottom-k sampling, Cohen and
 * Kaplan 2007). So the sample is the same for any order and batch size, complete where a latent is
 * active on no more rows than it holds, and frequent latents share their rows, which need encoding
 * only once.
 */
public final class SampledRows {
  private final int capacity;
  private final RandomStream random = RandomStream.of(0, "analysis/sampled rows");
  private final int[] sizes;
  private final long[] largest;

  /** A heap for each latent, the row with the largest number first. */
  private final int[] rows;

  /**
   * Begins with empty samples.
   *
   * @param capacity the most rows of a latent
   */
  public SampledRows(int latents, int capacity) {
    this.capacity = capacity;
    this.sizes = new int[latents];
    this.largest = new long[latents];
    this.rows = new int[Math.multiplyExact(latents, capacity)];
  }

  /** Returns how much memory samples take. */
  public static long bytes(int latents, int capacity) {
    return (long) latents * (Integer.BYTES + Long.BYTES + (long) Integer.BYTES * capacity);
  }

  /** Returns the random number of a row. */
  public long number(int row) {
    return random.bits(row);
  }

  /**
   * Adds a row on which a latent is active; no row twice.
   *
   * @param number what {@link #number} returned for the row
   */
  public void add(int latent, int row, long number) {
    int first = latent * capacity;
    int size = sizes[latent];
    if (size < capacity) {
      sizes[latent]++;
      rise(first, size, row, number);
    } else if (number < largest[latent]) {
      sink(first, row, number);
    } else {
      return;
    }
    largest[latent] = random.bits(rows[first]);
  }

  private void rise(int first, int free, int row, long number) {
    int slot = free;
    while (slot > 0 && random.bits(rows[first + (slot - 1) / 2]) < number) {
      rows[first + slot] = rows[first + (slot - 1) / 2];
      slot = (slot - 1) / 2;
    }
    rows[first + slot] = row;
  }

  private void sink(int first, int row, long number) {
    int slot = 0;
    int child = largerChild(first, slot);
    while (child < capacity && random.bits(rows[first + child]) > number) {
      rows[first + slot] = rows[first + child];
      slot = child;
      child = largerChild(first, slot);
    }
    rows[first + slot] = row;
  }

  private int largerChild(int first, int slot) {
    int left = 2 * slot + 1;
    int right = left + 1;
    return right < capacity && random.bits(rows[first + right]) > random.bits(rows[first + left])
        ? right
        : left;
  }

  /** Returns a latent's rows in rising order. */
  public int[] of(int latent) {
    int first = latent * capacity;
    int[] sample = Arrays.copyOfRange(rows, first, first + sizes[latent]);
    Arrays.sort(sample);
    return sample;
  }
}
