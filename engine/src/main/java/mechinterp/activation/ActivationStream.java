package mechinterp.activation;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.model.HookPoint;
import mechinterp.model.Transformer;

/**
 * The activations of a corpus' tokens in the order of the text, round after round without end, from
 * any token on. Text before that is only cut into tokens, not run. What is read depends on nothing
 * but the numbers of the first token and of tokens: not on what was read before.
 */
final class ActivationStream implements AutoCloseable {
  private static final long UNKNOWN = -1;

  private final Transformer model;
  private final HarvestConfig config;
  private final Corpus corpus;
  private final WindowActivations activations;
  private final int dIn;
  private Optional<WindowReader> reader = Optional.empty();
  private long roundBegin;
  private long roundTokens = UNKNOWN;
  private long next;

  ActivationStream(Transformer model, List<HookPoint> hooks, HarvestConfig config, Corpus corpus) {
    this.model = model;
    this.config = config;
    this.corpus = corpus;
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
   * @throws FormatException when the corpus has no token
   */
  void read(long first, int count, float[] to) throws IOException {
    goTo(first);
    long end = first + count;
    Optional<Window> last = Optional.empty();
    while (next < end) {
      List<Window> batch = windows().take(end - next);
      if (batch.isEmpty()) {
        beginRound();
      } else {
        run(batch, first, end, to);
        last = Optional.of(batch.getLast());
      }
    }
    if (next > end) {
      // The next read begins within the last window.
      windows().giveBack(last.orElseThrow());
      next -= last.orElseThrow().kept();
    }
  }

  private void run(List<Window> batch, long first, long end, float[] to) throws IOException {
    long[] at = {next};
    activations.run(
        batch,
        end - next,
        (_, _, row) -> {
          long token = at[0]++;
          if (token >= first) {
            System.arraycopy(row, 0, to, Math.toIntExact((token - first) * dIn), dIn);
          }
        });
    next += batch.stream().mapToInt(Window::kept).sum();
  }

  /** Makes the window that has the token the next one. */
  private void goTo(long token) throws IOException {
    if (reader.isEmpty() || token < next) {
      open(roundTokens == UNKNOWN ? 0 : token / roundTokens * roundTokens);
    }
    Optional<Window> window = windows().peek();
    while (window.isEmpty() || next + window.get().kept() <= token) {
      if (window.isEmpty()) {
        beginRound();
        skipRounds(token);
      } else {
        next += window.get().kept();
        windows().take();
      }
      window = windows().peek();
    }
  }

  private void beginRound() throws IOException {
    roundTokens = next - roundBegin;
    if (roundTokens == 0) {
      throw new FormatException("corpus " + corpus.name(), "has no token; at least one is needed");
    }
    open(next);
  }

  private void skipRounds(long token) {
    long rounds = (token - next) / roundTokens;
    next += rounds * roundTokens;
    roundBegin = next;
  }

  private void open(long begin) throws IOException {
    close();
    reader = Optional.of(new WindowReader(corpus.open(), model.tokenizer(), config));
    roundBegin = begin;
    next = begin;
  }

  private WindowReader windows() {
    return reader.orElseThrow();
  }

  @Override
  public void close() throws IOException {
    if (reader.isPresent()) {
      reader.get().close();
    }
  }
}
