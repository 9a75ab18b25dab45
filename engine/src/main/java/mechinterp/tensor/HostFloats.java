package mechinterp.tensor;

/** Float storage in a Java array: the memory of the CPU device. */
public final class HostFloats implements Storage {
  private final float[] array;

  /** Wraps {@code array} without copying it. */
  public HostFloats(float[] array) {
    this.array = array;
  }

  /** Returns the array itself, not a copy. */
  public float[] array() {
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
