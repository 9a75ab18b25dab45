package mechinterp.activation;

/** The mean Euclidean norm of activations, added up row by row. */
final class MeanNorm {
  private final int dIn;
  private double sum;
  private long rows;

  MeanNorm(int dIn) {
    this.dIn = dIn;
  }

  /** Adds the activation that begins at an index. */
  void add(float[] activations, int from) {
    sum += Math.sqrt(squaredNorm(activations, from));
    rows++;
  }

  private double squaredNorm(float[] activations, int from) {
    double squares = 0;
    for (int i = from; i < from + dIn; i++) {
      squares += (double) activations[i] * activations[i];
    }
    return squares;
  }

  double scaleToRootOfWidth() {
    if (sum == 0) {
      throw new IllegalArgumentException(
          "normalization: all activations are zero; their mean norm must be positive");
    }
    return Math.sqrt(dIn) * rows / sum;
  }
}
