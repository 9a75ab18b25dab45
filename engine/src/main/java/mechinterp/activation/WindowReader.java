package mechinterp.activation;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import mechinterp.tokenizer.Encoding;
import mechinterp.tokenizer.Tokenizer;

/** Cuts the documents of a corpus into windows, in order. */
final class WindowReader implements AutoCloseable {
  private final Corpus.Reader documents;
  private final Tokenizer tokenizer;
  private final HarvestConfig config;
  private final Deque<Window> ready = new ArrayDeque<>();
  private int documentsRead;

  WindowReader(Corpus.Reader documents, Tokenizer tokenizer, HarvestConfig config) {
    this.documents = documents;
    this.tokenizer = tokenizer;
    this.config = config;
  }

  /** Returns how many documents were begun. */
  int documentsRead() {
    return documentsRead;
  }

  /** Returns the next window, or nothing at the end; it stays the next until it is taken. */
  Optional<Window> peek() throws IOException {
    while (ready.isEmpty()) {
      Optional<Document> next = documents.next();
      if (next.isEmpty()) {
        return Optional.empty();
      }
      cut(next.get());
      documentsRead = Math.addExact(documentsRead, 1);
    }
    return Optional.of(ready.getFirst());
  }

  void take() {
    ready.removeFirst();
  }

  /** Makes a window that was taken the next one again. */
  void giveBack(Window window) {
    ready.addFirst(window);
  }

  /**
   * Takes whole windows up to the size of a batch, at least one unless the text has ended, and none
   * beyond {@code wanted} kept tokens.
   */
  List<Window> take(long wanted) throws IOException {
    List<Window> batch = new ArrayList<>();
    long tokens = 0;
    long kept = 0;
    Optional<Window> next = kept < wanted ? peek() : Optional.empty();
    while (next.isPresent()
        && (batch.isEmpty() || tokens + next.get().ids().length <= config.tokensPerBatch())) {
      batch.add(next.get());
      take();
      tokens += next.get().ids().length;
      kept += next.get().kept();
      next = kept < wanted ? peek() : Optional.empty();
    }
    return batch;
  }

  private void cut(Document document) {
    Encoding encoding = tokenizer.encode(document.text());
    int[] ids = encoding.ids();
    int bodyBegin = outsideTextAtBegin(encoding);
    int bodyEnd = ids.length - outsideTextAtEnd(encoding, bodyBegin);
    int[] before = begun(Arrays.copyOf(ids, bodyBegin));
    int[] after = Arrays.copyOfRange(ids, bodyEnd, ids.length);
    int around = before.length + after.length;
    int room = config.maxContext() - around;
    if (room < 1) {
      throw new IllegalArgumentException(
          "max_context: is %d, %d special tokens stand around a text; there must be room for more"
              .formatted(config.maxContext(), around));
    }
    int kept = 0;
    for (int from = bodyBegin; from < bodyEnd; from += room) {
      int[] body = Arrays.copyOfRange(ids, from, Math.min(from + room, bodyEnd));
      Window window = window(document, before, body, after, kept);
      kept += window.kept();
      ready.add(window);
    }
  }

  /** Puts the begin-of-text token first, if that is wanted and it is not there. */
  private int[] begun(int[] before) {
    OptionalInt bos = config.prependBos() ? tokenizer.bos() : OptionalInt.empty();
    if (bos.isEmpty() || (before.length > 0 && before[0] == bos.getAsInt())) {
      return before;
    }
    int[] begun = new int[before.length + 1];
    begun[0] = bos.getAsInt();
    System.arraycopy(before, 0, begun, 1, before.length);
    return begun;
  }

  private Window window(Document document, int[] before, int[] body, int[] after, int position) {
    int[] ids = Arrays.copyOf(before, before.length + body.length + after.length);
    System.arraycopy(body, 0, ids, before.length, body.length);
    System.arraycopy(after, 0, ids, before.length + body.length, after.length);
    boolean all = config.specialTokens();
    int firstKept = all ? 0 : before.length;
    int kept = all ? ids.length : body.length;
    return new Window(documentsRead, document.id(), ids, firstKept, kept, position);
  }

  /** Tokens outside the text have an empty range at 0. */
  private static int outsideTextAtBegin(Encoding encoding) {
    int count = 0;
    while (count < encoding.size() && encoding.end(count) == 0) {
      count++;
    }
    return count;
  }

  private static int outsideTextAtEnd(Encoding encoding, int bodyBegin) {
    int end = encoding.size();
    while (end > bodyBegin && encoding.end(end - 1) == 0) {
      end--;
    }
    return encoding.size() - end;
  }

  @Override
  public void close() throws IOException {
    documents.close();
  }
}
