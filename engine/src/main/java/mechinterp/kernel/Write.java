package mechinterp.kernel;

/** What a kernel does with the numbers that its output holds already. */
public enum Write {
  /** Replaces them. */
  SET,
  /** Adds to them: the way gradients accumulate. */
  ADD
}
