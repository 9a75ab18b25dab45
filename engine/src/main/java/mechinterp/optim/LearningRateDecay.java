package mechinterp.optim;

/** How a learning rate falls from its peak to 0. */
public enum LearningRateDecay {
  /** In a straight line. */
  LINEAR,
  /** Along half a cosine (Loshchilov and Hutter 2017, without restarts). */
  COSINE;

  /** Returns the share of the peak where {@code left}, from 1 down to 0, of the way is left. */
  double share(double left) {
    return switch (this) {
      case LINEAR -> left;
      case COSINE -> (1 - Math.cos(Math.PI * left)) / 2;
    };
  }
}
