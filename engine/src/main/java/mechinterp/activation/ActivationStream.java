package mechinterp.activation;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;

/** The activations of a corpus' tokens as {@link WindowStream} brings them, from any token on. */
final class ActivationStream implements AutoCloseable {
  private final WindowStream windows;
  private final WindowActivations activations;
  private final int dIn;

  ActivationStream(Transformer model, List<HookPoint> hooks, HarvestConfig config, Corpus corpus) {
    this.windows = new WindowStream(model.tokenizer(), config, corpus);
    this.activations = new WindowActivations(model, hooks);
    this.dIn = Site.width(activations.sites());
  }

  /** Returns the width of a row. */
  int dIn() {
    return dIn;
  }

  /** Returns the hook points, without scales. */
  List<Site> sites() {
    return activations.sites();
  }

  /**
   * Reads activations.
   *
   * @param first the first token's number over all rounds
   * @param count number of tokens
   * @param to gets them from index 0 on
   * @throws mechinterp.io.FormatException when the corpus has no token
   */
  void read(long first, int count, float[] to) throws IOException {
    windows.goTo(first);
    long end = first + count;
    Optional<Window> last = Optional.empty();
    while (windows.next() < end) {
      long at = windows.next();
      List<Window> batch = windows.take(end - at);
      if (!batch.isEmpty()) {
        run(batch, at, first, end, to);
        last = Optional.of(batch.getLast());
      }
    }
    if (windows.next() > end) {
      // The next read begins within the last window.
      windows.giveBack(last.orElseThrow());
    }
  }

  private void run(List<Window> batch, long begin, long first, long end, float[] to)
      throws IOException {
    long[] at = {begin};
    activations.run(
        batch,
        end - begin,
        (_, _, row) -> {
          long token = at[0]++;
          if (token >= first) {
            System.arraycopy(row, 0, to, Math.toIntExact((token - first) * dIn), dIn);
          }
        });
  }

  @Override
  public void close() throws IOException {
    windows.close();
  }
}
