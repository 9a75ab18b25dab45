package mechinterp.tensor;

/** Integer storage in a Java array: the memory of the CPU device. */
public final class HostInts implements Storage {
  private final int[] array;

  /** Wraps {@code array} without copying it. */
  public HostInts(int[] array) {
    this.array = array;
  }

  /** Returns the array itself, not a copy. */
  public int[] array() {
    return array;
  }

  @Override
  public long length() {
    return array.length;
  }

  @Override
  public String location() {
    return "host memory";
  }
}
