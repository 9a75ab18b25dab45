package mechinterp.synthetic;

/**
 * The true features of several activations: those of activation t are entries {@code starts[t]} to
 * {@code starts[t + 1] - 1}, in rising order.
 */
public final class FiredFeatures {
  private final int[] starts;
  private final int[] features;
  private final float[] magnitudes;

  FiredFeatures(int[] starts, int[] features, float[] magnitudes) {
    this.starts = starts;
    this.features = features;
    this.magnitudes = magnitudes;
  }

  /** Returns the number of activations. */
  public int activations() {
    return starts.length - 1;
  }

  /** Returns how many features fire in an activation. */
  public int count(int activation) {
    return starts[activation + 1] - starts[activation];
  }

  /** Returns the number of feature {@code i} of those that fire in an activation. */
  public int feature(int activation, int i) {
    return features[starts[activation] + i];
  }

  /** Returns the magnitude a of feature {@code i} of those that fire in an activation. */
  public float magnitude(int activation, int i) {
    return magnitudes[starts[activation] + i];
  }

  /** Returns the largest number of features of one activation. */
  int mostFired() {
    int most = 0;
    for (int t = 0; t < activations(); t++) {
      most = Math.max(most, count(t));
    }
    return most;
  }

  /** Copies the entries of an activation to the front of a row. */
  void copyTo(int activation, int[] toFeatures, float[] toMagnitudes, int at) {
    System.arraycopy(features, starts[activation], toFeatures, at, count(activation));
    System.arraycopy(magnitudes, starts[activation], toMagnitudes, at, count(activation));
  }
}
