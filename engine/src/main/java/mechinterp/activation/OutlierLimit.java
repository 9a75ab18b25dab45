package mechinterp.activation;

import java.util.Arrays;
import java.util.List;

/**
 * Up to which Euclidean norm activations are trained on: a multiple of the median norm. A few
 * tokens of a language model, such as the first of a text, have activations a hundred times as long
 * as the others, and their squared errors would rule the loss (dictionary_learning's {@code
 * max_activation_norm_multiple}).
 *
 * @param multiple of the median norm
 * @param medianNorm the median of the norms, of an even number the higher of the middle ones
 */
public record OutlierLimit(double multiple, double medianNorm) {
  /**
   * Checks the multiple.
   *
   * @throws IllegalArgumentException with the JSON field's name when it is less than 1: the median
   *     itself must be kept
   */
  public OutlierLimit {
    requireMultiple(multiple);
  }

  /**
   * Checks a multiple.
   *
   * @throws IllegalArgumentException with the JSON field's name when it is less than 1
   */
  public static void requireMultiple(double multiple) {
    if (!(multiple >= 1 && multiple < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "max_activation_norm: is %s; it must be at least 1, a multiple of the median norm"
              .formatted(multiple));
    }
  }

  /**
   * Returns the limit for {@code count} rows.
   *
   * @param sites the hook points of a row, of which the first one's norms count
   */
  static OutlierLimit of(double multiple, float[] rows, int count, List<Site> sites) {
    double[] norms = new double[count];
    int rowSize = Site.width(sites);
    for (int i = 0; i < count; i++) {
      norms[i] = MeanNorm.norm(rows, i * rowSize, sites.getFirst().width());
    }
    return of(multiple, norms);
  }

  /** Returns the limit for activations of these norms, which are sorted. */
  static OutlierLimit of(double multiple, double[] norms) {
    Arrays.sort(norms);
    return new OutlierLimit(multiple, norms[norms.length / 2]);
  }

  /** Returns the largest norm that is kept. */
  public double largestNorm() {
    return multiple * medianNorm;
  }

  /** Returns whether the row from index {@code from} on is kept. */
  boolean keeps(float[] rows, int from, List<Site> sites) {
    return MeanNorm.norm(rows, from, sites.getFirst().width()) <= largestNorm();
  }
}
