package mechinterp.activation;

/**
 * What activations are multiplied with before they are trained on, and stored beside them, so that
 * held-out data gets the scale of the training data.
 *
 * @param method how the scale came about
 * @param scale the factor; 1 for {@link Method#NONE}
 */
public record Normalization(Method method, double scale) {
  /** Activations as the model makes them. */
  public static final Normalization NONE = new Normalization(Method.NONE, 1);

  /** How the scale comes about; the names are those of SAELens' {@code normalize_activations}. */
  public enum Method {
    /** The scale is 1. */
    NONE,
    /** The scale makes the mean Euclidean norm of the training activations sqrt(d_in). */
    EXPECTED_AVERAGE_ONLY_IN
  }

  /**
   * Checks the scale.
   *
   * @throws IllegalArgumentException when it is not a positive number, or not 1 for {@link
   *     Method#NONE}
   */
  public Normalization {
    if (!(scale > 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("scale is " + scale + "; it must be a positive number");
    }
    if (method == Method.NONE && scale != 1) {
      throw new IllegalArgumentException(
          "scale is " + scale + "; without normalization it must be 1");
    }
  }

  /**
   * Returns s = sqrt(d_in) / mean over all tokens of ||x||, reading the whole store once; of the
   * first hook point where there are several.
   *
   * @throws IllegalArgumentException when all activations are zero
   */
  public static Normalization expectedAverageOnlyIn(ActivationStore store) {
    return store.normalized(Method.EXPECTED_AVERAGE_ONLY_IN).normalization();
  }

  static Normalization of(Method method, MeanNorm norm) {
    return switch (method) {
      case NONE -> NONE;
      case EXPECTED_AVERAGE_ONLY_IN -> new Normalization(method, norm.scaleToRootOfWidth());
    };
  }

  /** Multiplies {@code count} numbers, from index {@code from} on, with the scale. */
  public void apply(float[] values, int from, int count) {
    if (method == Method.NONE) {
      return;
    }
    float factor = (float) scale;
    for (int i = from; i < from + count; i++) {
      values[i] *= factor;
    }
  }
}
