package mechinterp.tensor;

/**
 * The entries of {@link SparseCodes} in the order of their latents (compressed sparse columns): the
 * entries of latent f are {@code positions[starts[f]] .. positions[starts[f + 1] - 1]}. A position
 * is {@code row * capacity + slot} in the codes; within a latent positions rise, so sums over them
 * have a fixed order.
 *
 * @param starts first entry of each latent [1, latents + 1]
 * @param positions entries by latent [1, at least the number of entries]
 * @param capacity slots of a row of the codes that were ordered
 */
public record LatentOrder(IntMatrix starts, IntMatrix positions, int capacity) {
  /** Returns the number of latents. */
  public int latents() {
    return starts.cols() - 1;
  }

  /** Returns the entries of latents {@code from} to {@code to - 1} alone, which count from 0. */
  public LatentOrder latentRange(int from, int to) {
    return new LatentOrder(starts.columnRange(from, to + 1), positions, capacity);
  }
}
