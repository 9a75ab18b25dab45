package mechinterp.cuda.ptx;

/**
 * A variable in memory.
 *
 * @param name as written
 * @param space where it lies
 * @param alignment of its address, in bytes
 * @param bytes its size; 0 for an array without one, which the launch sizes
 * @param initial its first content, empty when it has none
 */
public record PtxVariable(
    String name, Space space, int alignment, int bytes, InitialBytes initial) {

  /** Where a variable lies. */
  public enum Space {
    /** In the device's memory. */
    GLOBAL,
    /** In the device's memory, not to be written. */
    CONST,
    /** In the memory of a block. */
    SHARED,
    /** In the memory of a thread. */
    LOCAL,
    /** Among the arguments of the launch. */
    PARAM
  }

  /** First content, not to be changed. */
  public static final class InitialBytes {
    private final byte[] bytes;

    InitialBytes(byte[] bytes) {
      this.bytes = bytes;
    }

    /** Returns a copy of it. */
    public byte[] toArray() {
      return bytes.clone();
    }
  }
}
