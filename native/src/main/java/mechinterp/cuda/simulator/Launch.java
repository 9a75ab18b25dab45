package mechinterp.cuda.simulator;

/**
 * The shape of a launch.
 *
 * @param blocks the extent of the grid
 * @param threads the extent of a block, at most 1,024 in all
 * @param sharedBytes of shared memory besides the kernel's own variables
 */
public record Launch(Dimensions blocks, Dimensions threads, int sharedBytes) {
  private static final int MAX_THREADS = 1024;

  /** Checks the limits of a GPU. */
  public Launch {
    boolean positive =
        blocks.x() > 0
            && blocks.y() > 0
            && blocks.z() > 0
            && threads.x() > 0
            && threads.y() > 0
            && threads.z() > 0
            && sharedBytes >= 0;
    if (!positive || threads.count() > MAX_THREADS) {
      throw new IllegalArgumentException(
          "launch: blocks %s of threads %s with %d bytes; extents must be positive, threads at most %d"
              .formatted(blocks, threads, sharedBytes, MAX_THREADS));
    }
  }

  /** A row of blocks that are rows of threads. */
  public static Launch of(int blocks, int threads) {
    return new Launch(Dimensions.of(blocks), Dimensions.of(threads), 0);
  }
}
