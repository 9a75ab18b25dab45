package mechinterp.cuda.simulator;

/**
 * Who accesses shared memory, how and when.
 *
 * @param thread number in the block
 * @param warpBarriers how many barriers of its warp alone it has passed
 * @param line in the PTX file
 * @param atomic whether no other atomic access can come between
 */
record Access(int thread, int warpBarriers, int line, boolean atomic) {
  int warp() {
    return thread / Warp.LANES;
  }

  /** Whether nothing orders the two, given that no barrier of the block lies between. */
  boolean isConcurrentWith(Access other) {
    return thread != other.thread
        && !(atomic && other.atomic)
        && (warp() != other.warp() || warpBarriers == other.warpBarriers);
  }

  /** Whether whatever conflicts with this one, and comes later, conflicts with that one too. */
  boolean isFollowedBy(Access later) {
    return thread == later.thread || (warp() == later.warp() && warpBarriers < later.warpBarriers);
  }
}
