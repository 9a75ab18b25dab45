package mechinterp.analysis.explanation;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import mechinterp.io.http.Pause;

/** Judges several latents at once, each by a thread of its own, which mostly waits. */
public final class ParallelJudge {
  private final LatentJudge judge;
  private final int atOnce;

  /**
   * Judges with a bounded number of open questions.
   *
   * @param atOnce latents at once, and so the most questions that are open
   * @throws IllegalArgumentException when it is not positive
   */
  public ParallelJudge(LatentJudge judge, int atOnce) {
    if (atOnce < 1) {
      throw new IllegalArgumentException(
          "parallel: is %d; it must be at least 1".formatted(atOnce));
    }
    this.judge = judge;
    this.atOnce = atOnce;
  }

  /**
   * Judges latents. After a failure no other question begins.
   *
   * @param progress hears how many are done
   * @return by latent
   * @throws IOException the first failure
   */
  public List<LatentExplanation> judge(List<LatentExamples> examples, IntConsumer progress)
      throws IOException {
    ExecutorService threads = Executors.newFixedThreadPool(atOnce, Thread.ofVirtual().factory());
    try {
      ExecutorCompletionService<LatentExplanation> done = new ExecutorCompletionService<>(threads);
      AtomicReference<Optional<Exception>> failure = new AtomicReference<>(Optional.empty());
      examples.forEach(each -> {
        var _ = done.submit(() -> judge(each, failure));
      });
      List<LatentExplanation> found = new ArrayList<>();
      while (found.size() < examples.size()) {
        found.add(done.take().get());
        progress.accept(found.size());
      }
      found.sort(Comparator.comparingInt(LatentExplanation::latent));
      return found;
    } catch (InterruptedException e) {
      throw Pause.interrupted(e);
    } catch (ExecutionException e) {
      throw failure(e);
    } finally {
      var _ = threads.shutdownNow();
      threads.close();
    }
  }

  /** Judges a latent unless another one's question has failed, and then fails as that did. */
  private LatentExplanation judge(
      LatentExamples examples, AtomicReference<Optional<Exception>> failure) throws Exception {
    Optional<Exception> before = failure.get();
    if (before.isPresent()) {
      throw before.get();
    }
    try {
      return judge.judge(examples);
    } catch (IOException | RuntimeException e) {
      var _ = failure.updateAndGet(first -> first.or(() -> Optional.of(e)));
      throw e;
    }
  }

  private static IOException failure(ExecutionException e) {
    return e.getCause() instanceof IOException failed
        ? failed
        : new IOException(Objects.requireNonNullElse(e.getMessage(), "judge failed"), e);
  }
}
