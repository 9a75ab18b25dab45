package mechinterp.cuda.simulator;

/** What a kernel did wrong. */
public enum Fault {
  /** An access outside all memory, or outside the block's or the thread's own. */
  OUT_OF_BOUNDS("out of bounds"),
  /** An address that is not a multiple of the access' size. */
  MISALIGNED("misaligned"),
  /** An access to memory that has been freed. */
  USE_AFTER_FREE("use after free"),
  /** A read of memory that nothing was written to. */
  UNINITIALISED("read of uninitialised memory"),
  /** A write to constants. */
  READ_ONLY("write to constant memory"),
  /** Two threads access the same shared memory with no barrier between, and one of them writes. */
  RACE("race"),
  /** Threads of a block wait at different barriers. */
  DIVERGENT_BARRIER("divergent barrier"),
  /** Threads of a warp do not meet at an instruction that names them. */
  DIVERGENT_WARP("divergent warp"),
  /** An integer divided by zero. */
  DIVISION_BY_ZERO("integer division by zero"),
  /** More instructions than the limit: it may never end. */
  TIMEOUT("too many instructions");

  private final String words;

  Fault(String words) {
    this.words = words;
  }

  /** Returns what messages call it. */
  public String words() {
    return words;
  }
}
