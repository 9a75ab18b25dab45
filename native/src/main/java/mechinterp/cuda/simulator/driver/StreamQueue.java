package mechinterp.cuda.simulator.driver;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongConsumer;

/** The work of a stream that has not been done yet, in its order. */
final class StreamQueue {
  private final Deque<Task> tasks = new ArrayDeque<>();
  private final LongConsumer before;

  /**
   * @param number counts the tasks of all streams, in the order in which they were asked for
   */
  private record Task(long number, Runnable work) {}

  /**
   * Makes an empty stream.
   *
   * @param before does what other streams owe before a task of this number
   */
  StreamQueue(LongConsumer before) {
    this.before = before;
  }

  void add(long number, Runnable work) {
    tasks.add(new Task(number, work));
  }

  boolean isEmpty() {
    return tasks.isEmpty();
  }

  /** Does one task, if there is one. */
  void runNext() {
    Task task = tasks.poll();
    if (task != null) {
      before.accept(task.number());
      task.work().run();
    }
  }

  /** Does all tasks with lower numbers. */
  void runBefore(long number) {
    for (Task task = tasks.peek(); task != null && task.number() < number; task = tasks.peek()) {
      runNext();
    }
  }

  void runAll() {
    runBefore(Long.MAX_VALUE);
  }

  void clear() {
    tasks.clear();
  }
}
