package mechinterp.cuda.simulator.driver;

import java.util.ArrayList;
import java.util.List;
import mechinterp.cuda.simulator.LaunchOrder;

/**
 * The streams of a context. The default stream waits for the work of the blocking ones that was
 * asked for before, and they for its; those that do not block know nothing of it.
 */
final class Streams {
  private final LaunchOrder order;
  private final Execution execution;
  private final List<StreamQueue> blocking = new ArrayList<>();
  private final List<StreamQueue> nonBlocking = new ArrayList<>();
  private final StreamQueue byDefault =
      new StreamQueue(number -> blocking.forEach(stream -> stream.runBefore(number)));
  private long tasks;

  Streams(LaunchOrder order, Execution execution) {
    this.order = order;
    this.execution = execution;
  }

  StreamQueue byDefault() {
    return byDefault;
  }

  StreamQueue create(boolean blocks) {
    StreamQueue stream = new StreamQueue(blocks ? byDefault::runBefore : number -> {});
    (blocks ? blocking : nonBlocking).add(stream);
    return stream;
  }

  /** Does the stream's work; then it is no more. */
  void destroy(StreamQueue stream) {
    stream.runAll();
    blocking.remove(stream);
    nonBlocking.remove(stream);
  }

  void add(StreamQueue stream, Runnable work) {
    stream.add(++tasks, work);
    if (execution == Execution.IMMEDIATE) {
      stream.runAll();
    }
  }

  /** Does the work that a synchronous copy waits for. */
  void runDefault() {
    byDefault.runAll();
    inOrder(blocking).forEach(StreamQueue::runAll);
  }

  /** Does all work. */
  void runAll() {
    runDefault();
    inOrder(nonBlocking).forEach(StreamQueue::runAll);
  }

  void clear() {
    byDefault.clear();
    blocking.forEach(StreamQueue::clear);
    nonBlocking.forEach(StreamQueue::clear);
  }

  private List<StreamQueue> inOrder(List<StreamQueue> streams) {
    return order == LaunchOrder.FORWARD ? List.copyOf(streams) : List.copyOf(streams.reversed());
  }
}
