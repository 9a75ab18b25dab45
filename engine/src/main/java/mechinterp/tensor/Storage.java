package mechinterp.tensor;

/**
 * A run of numbers that belongs to one device. What it is made of (a Java array, GPU memory) is
 * known only to that device and its kernels.
 */
public interface Storage {
  /** Returns how many numbers there are. */
  long length();

  /** Returns where they are, in words for error messages, such as {@code host memory}. */
  String location();
}
