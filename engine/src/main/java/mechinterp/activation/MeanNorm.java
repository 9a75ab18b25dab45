package mechinterp.activation;

/** The mean Euclidean norm of activations, added up row by row. */
final class MeanNorm {
  private final int dIn;
  private double sum;
  private long rows;

  MeanNorm(int dIn) {
    this.dIn = dIn;
  }

  /** Adds the activation from index {@code from} on. */
  void add(float[] activations, int from) {
    sum += norm(activations, from, dIn);
    rows++;
  }

  /** Returns the Euclidean norm of {@code dIn} numbers from index {@code from} on. */
  static double norm(float[] activations, int from, int dIn) {
    double squares = 0;
    for (int i = from; i < from + dIn; i++) {
      squares += (double) activations[i] * activations[i];
    }
    return Math.sqrt(squares);
  }

  double scaleToRootOfWidth() {
    if (sum == 0) {
      throw new IllegalArgumentException(
          "normalization: all activations are zero; their mean norm must be positive");
    }
    return Math.sqrt(dIn) * rows / sum;
  }
}
