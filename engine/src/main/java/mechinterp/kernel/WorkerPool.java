package mechinterp.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import mechinterp.tensor.FloatMatrix;
import org.jspecify.annotations.Nullable;

/**
 * A fixed number of threads that share out numbered tasks. Which thread takes which task varies; a
 * task writes only what belongs to its number, so results do not depend on it.
 */
public final class WorkerPool implements AutoCloseable {
  /** The most columns that a task of {@link #forEachColumnBlock} has. */
  static final int COLUMNS_PER_TASK = 192;

  /**
   * Numbers below which a call is not shared out: waking a thread costs as much as computing them.
   */
  private static final int NUMBERS_PER_TASK = 1 << 15;

  private static final int FLOATS_IN_LINE = 16;

  private final int threads;
  private final ExecutorService helpers;

  /**
   * Starts {@code threads - 1} daemon threads; the caller of {@link #run} is one more.
   *
   * @throws IllegalArgumentException when {@code threads} is less than 1
   */
  public WorkerPool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: found " + threads + "; must be at least 1");
    }
    this.threads = threads;
    this.helpers =
        Executors.newFixedThreadPool(
            Math.max(1, threads - 1),
            Thread.ofPlatform().daemon().name("mechinterp-worker-", 1).factory());
  }

  /** A piece of work. */
  public interface Task {
    /**
     * Does task {@code number}.
     *
     * @param thread the number of the thread that does it, 0 to threads - 1, for scratch memory
     */
    void run(int number, int thread);
  }

  /** Returns the number of threads that work together. */
  public int threads() {
    return threads;
  }

  /**
   * Does tasks 0 to {@code count - 1} and returns when all are done; what a task throws is thrown
   * here.
   */
  public void run(int count, Task task) {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> others = new ArrayList<>();
    for (int thread = 1; thread < Math.min(threads, count); thread++) {
      int number = thread;
      others.add(helpers.submit(() -> takeTasks(next, count, task, number)));
    }
    try {
      takeTasks(next, count, task, 0);
    } finally {
      others.forEach(WorkerPool::await);
    }
  }

  /**
   * Does {@code work} for the rows 0 to {@code rows - 1}, in tasks of {@code rowsPerTask} that
   * follow each other.
   */
  public void runRows(int rows, int rowsPerTask, IntConsumer work) {
    run(
        Math.ceilDiv(rows, rowsPerTask),
        (task, thread) -> {
          for (int row = task * rowsPerTask;
              row < Math.min(rows, (task + 1) * rowsPerTask);
              row++) {
            work.accept(row);
          }
        });
  }

  /** Does {@code work} for each row of a matrix; what is too small is not shared out. */
  void forEachRow(FloatMatrix shape, IntConsumer work) {
    runRows(shape.rows(), Math.max(1, NUMBERS_PER_TASK / Math.max(1, shape.cols())), work);
  }

  /** Work on a block of columns. */
  interface ColumnWork {
    /** Does columns {@code first} to {@code first + width - 1}. */
    void run(int first, int width);
  }

  /** Does {@code work} for blocks of columns, at most {@link #COLUMNS_PER_TASK} wide. */
  void forEachColumnBlock(int columns, ColumnWork work) {
    int perThread = Math.ceilDiv(columns, threads);
    int lines = Math.max(1, Math.ceilDiv(perThread, FLOATS_IN_LINE));
    int width = Math.min(COLUMNS_PER_TASK, lines * FLOATS_IN_LINE);
    run(
        Math.ceilDiv(columns, width),
        (task, thread) -> work.run(task * width, Math.min(width, columns - task * width)));
  }

  private static void takeTasks(AtomicInteger next, int count, Task task, int thread) {
    for (int number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
      task.run(number, thread);
    }
  }

  private static void await(Future<?> other) {
    boolean interrupted = false;
    while (true) {
      try {
        other.get();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException e) {
        throw failure(e.getCause());
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static RuntimeException failure(@Nullable Throwable cause) {
    return switch (cause) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      case null, default -> new IllegalStateException("worker: task failed", cause);
    };
  }

  @Override
  public void close() {
    helpers.shutdownNow();
  }
}
