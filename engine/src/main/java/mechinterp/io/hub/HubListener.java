package mechinterp.io.hub;

/** Is told how a download goes. Calls come from the downloading thread. */
public interface HubListener {
  /**
   * A file is on its way; this is called often.
   *
   * @param file its name
   * @param done bytes that are here
   * @param total bytes that it has, or -1 when nobody knows
   */
  default void progress(String file, long done, long total) {}

  /** Something takes longer or goes another way than one would expect: one line. */
  default void note(String message) {}

  /** Returns one that listens to nothing. */
  static HubListener none() {
    return new HubListener() {};
  }
}
