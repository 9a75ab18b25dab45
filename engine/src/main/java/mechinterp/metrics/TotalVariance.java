package mechinterp.metrics;

/**
 * The sum over a stream of tokens of |x - mean|^2, with the mean over all tokens in each dimension
 * (Welford 1962), in double precision. Tokens enter one by one, so the result has the same bits
 * however the stream is cut into batches.
 */
public final class TotalVariance {
  private final double[] mean;
  private final double[] squares;
  private long tokens;

  /** Begins a stream of activations of width {@code dIn}. */
  public TotalVariance(int dIn) {
    mean = new double[dIn];
    squares = new double[dIn];
  }

  /** Adds {@code count} tokens whose activations lie one after the other in {@code rows}. */
  public void add(float[] rows, int count) {
    for (int t = 0; t < count; t++) {
      tokens++;
      double share = 1.0 / tokens;
      int row = t * mean.length;
      for (int j = 0; j < mean.length; j++) {
        double difference = rows[row + j] - mean[j];
        mean[j] += difference * share;
        squares[j] += difference * (rows[row + j] - mean[j]);
      }
    }
  }

  /** Returns the sum of |x - mean|^2. */
  public double value() {
    return value(0, squares.length);
  }

  /** Returns the part that the dimensions {@code first} to {@code end} - 1 have in the sum. */
  public double value(int first, int end) {
    double sum = 0;
    for (int j = first; j < end; j++) {
      sum += squares[j];
    }
    return sum;
  }
}
