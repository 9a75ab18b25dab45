package mechinterp.activation;

/**
 * A hook point whose activations a store holds: some columns of its rows.
 *
 * @param hook the hook point's name, such as {@code blocks.3.hook_resid_post}
 * @param width number of columns
 * @param normalization what its activations are to be multiplied with
 */
public record Site(String hook, int width, Normalization normalization) {
  /**
   * Checks the width.
   *
   * @throws IllegalArgumentException when it is not positive
   */
  public Site {
    if (width < 1) {
      throw new IllegalArgumentException(
          "width: of %s is %d; it must be at least 1".formatted(hook, width));
    }
  }

  Site with(Normalization other) {
    return new Site(hook, width, other);
  }
}
