package mechinterp.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** A stream that is closed when one read takes too long, so that nobody waits for ever. */
final class GuardedStream extends InputStream {
  private final InputStream in;
  private final Duration limit;
  private final Thread watch;
  private volatile long readingSince;
  private volatile boolean reading;
  private volatile boolean closed;
  private volatile boolean stalled;

  GuardedStream(InputStream in, Duration limit) {
    this.in = in;
    this.limit = limit;
    this.watch = Thread.ofVirtual().name("watch over a download").start(this::watch);
  }

  private void watch() {
    long nanos = limit.toNanos();
    while (!closed) {
      long left = reading ? readingSince + nanos - System.nanoTime() : nanos;
      if (left > 0) {
        LockSupport.parkNanos(left);
      } else {
        stalled = true;
        closeQuietly();
      }
    }
  }

  @Override
  public int read() throws IOException {
    byte[] single = new byte[1];
    return read(single, 0, 1) < 0 ? -1 : single[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    readingSince = System.nanoTime();
    reading = true;
    try {
      return in.read(to, offset, length);
    } catch (IOException e) {
      throw stalled ? new IOException("nothing came for " + limit.toMillis() + " ms", e) : e;
    } finally {
      reading = false;
    }
  }

  @Override
  public void close() {
    closeQuietly();
    LockSupport.unpark(watch);
  }

  private void closeQuietly() {
    closed = true;
    try {
      in.close();
    } catch (IOException _) {
      // What was read is what counts.
    }
  }
}
