package mechinterp.cuda.simulator.driver;

import java.util.Optional;

/** A mark in a stream's work. */
final class Event {
  private final boolean timed;
  private Optional<Mark> last = Optional.empty();

  /** One recording of an event. */
  static final class Mark {
    private final StreamQueue stream;
    private Optional<Long> nanoseconds = Optional.empty();

    private Mark(StreamQueue stream) {
      this.stream = stream;
    }

    /** Does the stream's work up to here. */
    void reach() {
      while (nanoseconds.isEmpty() && !stream.isEmpty()) {
        stream.runNext();
      }
    }

    boolean isReached() {
      return nanoseconds.isPresent();
    }

    StreamQueue stream() {
      return stream;
    }
  }

  Event(boolean timed) {
    this.timed = timed;
  }

  void record(Streams streams, StreamQueue stream) {
    Mark mark = new Mark(stream);
    last = Optional.of(mark);
    streams.add(stream, () -> mark.nanoseconds = Optional.of(System.nanoTime()));
  }

  /** Empty when it has not been recorded; then nobody has to wait for it. */
  Optional<Mark> last() {
    return last;
  }

  /** The simulator's own time, which says nothing of a GPU's. */
  static float milliseconds(Event start, Event end) {
    if (!start.timed || !end.timed || start.last.isEmpty() || end.last.isEmpty()) {
      throw CudaStatus.CUDA_ERROR_INVALID_HANDLE.because(
          "an event without timing, or that was not recorded");
    }
    if (!start.last.get().isReached() || !end.last.get().isReached()) {
      throw CudaStatus.CUDA_ERROR_NOT_READY.because("an event has not been reached");
    }
    long from = start.last.get().nanoseconds.orElseThrow();
    return (end.last.get().nanoseconds.orElseThrow() - from) / 1e6f;
  }
}
