package mechinterp.activation;

/** Hears how far a harvest is. */
@FunctionalInterface
public interface HarvestListener {
  /**
   * Called after each batch.
   *
   * @param done tokens harvested so far
   * @param wanted tokens to harvest
   */
  void harvested(long done, long wanted);

  /**
   * Called when the text ended before there were as many tokens as wanted.
   *
   * @param done tokens that the text had
   * @param wanted tokens that were to be harvested
   */
  default void textEnded(long done, long wanted) {}
}
