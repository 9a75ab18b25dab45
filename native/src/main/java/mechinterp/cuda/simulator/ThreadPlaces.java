package mechinterp.cuda.simulator;

/**
 * The places of a warp's threads, which special registers hold.
 *
 * @param blocks the extent of the grid
 * @param block the block's place in it
 * @param threads the extent of the block
 * @param firstThread the number in the block of the warp's first thread
 */
record ThreadPlaces(Dimensions blocks, Dimensions block, Dimensions threads, int firstThread) {
  /** Returns what the special register holds in a lane. */
  long value(String register, int lane) {
    String name = register.substring(1);
    int thread = firstThread + lane;
    return switch (name) {
      case "laneid" -> lane;
      case "warpid" -> firstThread / Warp.LANES;
      case "lanemask_eq" -> mask(1L << lane);
      case "lanemask_lt" -> mask((1L << lane) - 1);
      case "lanemask_le" -> mask((2L << lane) - 1);
      case "lanemask_gt" -> mask(-(2L << lane));
      case "lanemask_ge" -> mask(-(1L << lane));
      default -> coordinate(name, threads.place(thread));
    };
  }

  private static long mask(long bits) {
    return bits & 0xFFFF_FFFFL;
  }

  private long coordinate(String name, Dimensions thread) {
    Dimensions of =
        switch (name.substring(0, name.indexOf('.'))) {
          case "tid" -> thread;
          case "ntid" -> threads;
          case "ctaid" -> block;
          case "nctaid" -> blocks;
          default -> throw new IllegalArgumentException("no special register " + name);
        };
    return switch (name.charAt(name.length() - 1)) {
      case 'x' -> of.x();
      case 'y' -> of.y();
      default -> of.z();
    };
  }
}
