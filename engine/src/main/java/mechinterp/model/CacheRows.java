package mechinterp.model;

import java.util.Arrays;
import mechinterp.kernel.Kernels;
import mechinterp.tensor.FloatMatrix;

/** The rows of a cache that a batch reads and writes, as they are before the run. */
public final class CacheRows {
  private final KeyValueCache cache;
  private final TokenBatch batch;

  /**
   * Checks that the tokens fit.
   *
   * @throws IllegalArgumentException when the batch has another number of sequences or more tokens
   *     than there is room for
   */
  CacheRows(KeyValueCache cache, TokenBatch batch) {
    if (cache.sequences() != batch.sequences()) {
      throw new IllegalArgumentException(
          "run: the batch has %d sequences, the cache %d; they must be equal"
              .formatted(batch.sequences(), cache.sequences()));
    }
    this.cache = cache;
    this.batch = batch;
    for (int s = 0; s < batch.sequences(); s++) {
      if (length(s) > cache.capacity()) {
        throw new IllegalArgumentException(
            "run: sequence %d has %d tokens in the cache and %d new ones; the cache takes %d"
                .formatted(s, cache.length(s), length(s) - cache.length(s), cache.capacity()));
      }
    }
  }

  /** Returns the tokens of a sequence, old and new. */
  int length(int sequence) {
    return cache.length(sequence) + batch.end(sequence) - batch.start(sequence);
  }

  /** Returns the batch as it stands behind the tokens of the cache. */
  TokenBatch batchBehind() {
    int[] before = new int[batch.sequences()];
    Arrays.setAll(before, cache::length);
    return batch.behind(before);
  }

  int longestSequence() {
    int longest = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      longest = Math.max(longest, length(s));
    }
    return longest;
  }

  /** Returns the place of each new token in its sequence. */
  int[] positions() {
    int[] positions = batch.positions();
    for (int s = 0; s < batch.sequences(); s++) {
      for (int t = batch.start(s); t < batch.end(s); t++) {
        positions[t] += cache.length(s);
      }
    }
    return positions;
  }

  /** Returns the rows of each sequence: queries in the batch, keys in the cache. */
  int[] spans() {
    int[] spans = batch.spans();
    for (int s = 0; s < batch.sequences(); s++) {
      spans[4 * s + 2] = firstRow(s);
      spans[4 * s + 3] = firstRow(s) + length(s);
    }
    return spans;
  }

  private int firstRow(int sequence) {
    return sequence * cache.capacity();
  }

  /** Adds the keys and values of the batch to those of a layer. */
  public void append(Kernels kernels, int layer, FloatMatrix k, FloatMatrix v) {
    for (int s = 0; s < batch.sequences(); s++) {
      append(kernels, keys(layer), k, s);
      append(kernels, values(layer), v, s);
    }
  }

  private void append(Kernels kernels, FloatMatrix to, FloatMatrix from, int sequence) {
    int end = firstRow(sequence) + length(sequence);
    int start = firstRow(sequence) + cache.length(sequence);
    kernels.copy(
        to.rowRange(start, end), from.rowRange(batch.start(sequence), batch.end(sequence)));
  }

  /** Returns the keys of a layer [sequences * capacity, n_key_value_heads * d_head]. */
  public FloatMatrix keys(int layer) {
    return cache.layer(layer).keys();
  }

  /** Returns the values of a layer, like its keys. */
  public FloatMatrix values(int layer) {
    return cache.layer(layer).values();
  }
}
