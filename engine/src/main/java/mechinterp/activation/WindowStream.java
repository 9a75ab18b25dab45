package mechinterp.activation;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.tokenizer.Tokenizer;

/**
 * The windows of a corpus in the order of the text, round after round without end, from any kept
 * token on. Text before that is only cut into tokens. What comes depends on nothing but the number
 * of the token, not on what was read before.
 */
final class WindowStream implements AutoCloseable {
  private static final long UNKNOWN = -1;

  private final Tokenizer tokenizer;
  private final HarvestConfig config;
  private final Corpus corpus;
  private Optional<WindowReader> reader = Optional.empty();
  private long roundBegin;
  private long roundTokens = UNKNOWN;
  private long next;

  WindowStream(Tokenizer tokenizer, HarvestConfig config, Corpus corpus) {
    this.tokenizer = tokenizer;
    this.config = config;
    this.corpus = corpus;
  }

  /** Returns the number over all rounds of the first kept token of the next window. */
  long next() {
    return next;
  }

  /**
   * Takes windows as {@link WindowReader#take(long)} does; nothing where a round has ended and the
   * next one begins.
   *
   * @throws FormatException when the corpus has no token
   */
  List<Window> take(long wanted) throws IOException {
    List<Window> batch = windows().take(wanted);
    if (batch.isEmpty()) {
      beginRound();
    }
    next += batch.stream().mapToInt(Window::kept).sum();
    return batch;
  }

  /** Makes a window that was taken last the next one again. */
  void giveBack(Window window) {
    windows().giveBack(window);
    next -= window.kept();
  }

  /** Makes the window that has the token the next one. */
  void goTo(long token) throws IOException {
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
    reader = Optional.of(new WindowReader(corpus.open(), tokenizer, config));
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
