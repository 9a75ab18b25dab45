package mechinterp.cuda.simulator;

/** Widths in bytes. */
final class PtxWidth {
  private PtxWidth() {}

  static long truncate(long value, int bytes) {
    return bytes == Long.BYTES ? value : value & ((1L << (bytes * Byte.SIZE)) - 1);
  }
}
