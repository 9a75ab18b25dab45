package mechinterp.activation;

import java.util.List;

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

  /** Returns the width of rows of these hook points. */
  static int width(List<Site> sites) {
    return sites.stream().mapToInt(Site::width).sum();
  }

  /** Multiplies rows with the scales of their hook points. */
  static void normalize(List<Site> sites, float[] rows, int count) {
    int width = width(sites);
    int from = 0;
    for (Site site : sites) {
      for (int t = 0; t < count; t++) {
        site.normalization().apply(rows, t * width + from, site.width());
      }
      from += site.width();
    }
  }

  Site with(Normalization other) {
    return new Site(hook, width, other);
  }
}
