package mechinterp.cuda.simulator;

/** A space of addresses. */
enum Space {
  /** The device's memory, constants too. */
  GLOBAL,
  /** The block's memory. */
  SHARED,
  /** The thread's memory. */
  LOCAL,
  /** The launch's arguments. */
  PARAM,
  /** All of these but the arguments, in windows of one space. */
  GENERIC;

  /** Where the window of shared memory begins among generic addresses. */
  static final long SHARED_WINDOW = 1L << 56;

  /** Where the window of local memory begins. */
  static final long LOCAL_WINDOW = 1L << 57;

  private static final long WINDOW_SIZE = 1L << 32;

  /** Returns the space that a generic address is in. */
  static Space ofGeneric(long address) {
    if (address >= SHARED_WINDOW && address < SHARED_WINDOW + WINDOW_SIZE) {
      return SHARED;
    }
    return address >= LOCAL_WINDOW && address < LOCAL_WINDOW + WINDOW_SIZE ? LOCAL : GLOBAL;
  }

  /** Returns where this space's addresses begin among the generic ones. */
  long window() {
    return switch (this) {
      case SHARED -> SHARED_WINDOW;
      case LOCAL -> LOCAL_WINDOW;
      case GLOBAL, PARAM, GENERIC -> 0;
    };
  }
}
