package mechinterp.io.http;

import java.io.InterruptedIOException;
import java.time.Duration;

/** Waits; a test puts one that only remembers how long it should have. */
@FunctionalInterface
public interface Pause {
  /**
   * Waits.
   *
   * @throws InterruptedIOException when the thread is interrupted meanwhile
   */
  void of(Duration time) throws InterruptedIOException;

  /** Waits for some milliseconds. */
  static void sleep(long millis) throws InterruptedIOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Returns the exception to throw when a thread is interrupted, and keeps it interrupted. */
  static InterruptedIOException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    InterruptedIOException failure = new InterruptedIOException("interrupted");
    failure.initCause(cause);
    return failure;
  }
}
