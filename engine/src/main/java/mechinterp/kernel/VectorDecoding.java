package mechinterp.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.MatrixLayout;

/**
 * Attention of few queries with many keys, as in generation: nothing is prepared that only many
 * queries would repay. First the scores, shared out by pieces of the keys, then the values, shared
 * out by heads. The bits are those of {@link VectorAttention}.
 */
final class VectorDecoding {
  /** Rows, pairs of a query and a head, that are few for a key/value head. */
  private static final int FEW_ROWS = 8;

  /** Keys of a piece. */
  private static final int PIECE = Tiles.ROW_PANELS * Tiles.PANEL;

  /** Keys whose values are added for one head after the other: few enough for the cache. */
  private static final int KEYS_AT_ONCE = 32;

  /** Scores of the sequences that are computed together, at most, unless one alone has more. */
  private static final int SCORES = 1 << 22;

  private final WorkerPool workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  VectorDecoding(WorkerPool workers) {
    this.workers = workers;
  }

  /** A thread's memory, kept between calls. */
  private static final class Scratch {
    private final PackedPanels keys = new PackedPanels(0, 0);
    private float[] scores = new float[0];
    private float[] row = new float[0];

    float[] scores(int length) {
      if (scores.length < length) {
        scores = new float[length];
      }
      return scores;
    }

    float[] row(int length) {
      if (row.length < length) {
        row = new float[length];
      }
      return row;
    }
  }

  /** The arguments of a call. */
  private record Call(
      FloatMatrix out, FloatMatrix q, FloatMatrix k, FloatMatrix v, AttentionForm form) {
    int dHead() {
      return q.cols() / form.heads();
    }
  }

  /**
   * The scores of a sequence: those of a query with the keys from {@code firstKey} on are at {@code
   * at + (query * heads + head) * stride}.
   */
  private record Scores(Span span, AttentionForm form, int at) {
    int firstKey() {
      return span.firstVisible(0, form);
    }

    int keys() {
      return span.endVisible(span.queries() - 1, form) - firstKey();
    }

    int pieces() {
      return Math.ceilDiv(keys(), PIECE);
    }

    /** The first key that a query sees, counted from {@link #firstKey}. */
    int firstSeen(int query) {
      return span.firstVisible(query, form) - firstKey();
    }

    /** The key behind the last one that a query sees, counted from {@link #firstKey}. */
    int endSeen(int query) {
      return span.endVisible(query, form) - firstKey();
    }

    int at(int query, int head) {
      return at + (query * form.heads() + head) * pieces() * PIECE;
    }
  }

  /** Returns whether a sequence has few queries. */
  static boolean suits(Span span, AttentionForm form) {
    return span.queries() * (form.heads() / form.keyValueHeads()) <= FEW_ROWS;
  }

  void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      List<Span> spans,
      AttentionForm form) {
    Call call = new Call(out, q, k, v, form);
    int begin = 0;
    while (begin < spans.size()) {
      int end = begin;
      long size = 0;
      do {
        size += size(spans.get(end), form);
        end++;
      } while (end < spans.size() && size + size(spans.get(end), form) <= SCORES);
      attend(call, spans.subList(begin, end), scratch.get().scores(Math.toIntExact(size)));
      begin = end;
    }
  }

  private static long size(Span span, AttentionForm form) {
    return (long) span.queries() * form.heads() * Math.ceilDiv(span.keys(), PIECE) * PIECE;
  }

  private void attend(Call call, List<Span> spans, float[] array) {
    List<Runnable> products = new ArrayList<>();
    List<Runnable> sums = new ArrayList<>();
    int at = 0;
    for (Span span : spans) {
      Scores scores = new Scores(span, call.form, at);
      at += Math.toIntExact(size(span, call.form));
      for (int piece = 0; piece < scores.pieces(); piece++) {
        int number = piece;
        products.add(() -> multiplyPiece(call, scores, array, number));
      }
      int groups = Math.min(workers.threads(), call.form.heads());
      for (int group = 0; group < groups; group++) {
        int first = VectorGemm.cut(call.form.heads(), group, groups);
        int end = VectorGemm.cut(call.form.heads(), group + 1, groups);
        sums.add(() -> addValues(call, scores, array, first, end));
      }
    }
    workers.run(products.size(), (task, thread) -> products.get(task).run());
    workers.run(sums.size(), (task, thread) -> sums.get(task).run());
  }

  /** The scores of a piece of the keys with all queries, head by head. */
  private void multiplyPiece(Call call, Scores scores, float[] array, int piece) {
    PackedPanels keys = scratch.get().keys;
    for (int head = 0; head < call.form.keyValueHeads(); head++) {
      packKeys(call, scores, piece, head, keys);
      multiplyKeys(call, scores, array, piece, head, keys);
    }
  }

  private static void packKeys(
      Call call, Scores scores, int piece, int keyValueHead, PackedPanels keys) {
    int first = scores.span.firstKey() + scores.firstKey() + piece * PIECE;
    keys.reshape(call.dHead(), Math.min(PIECE, scores.keys() - piece * PIECE));
    for (int panel = 0; panel < keys.panels(); panel++) {
      keys.packTransposed(
          panel,
          HostMemory.floats(call.k),
          j -> call.k.layout().index(first + j, keyValueHead * call.dHead()));
    }
  }

  private void multiplyKeys(
      Call call, Scores scores, float[] array, int piece, int keyValueHead, PackedPanels keys) {
    int dHead = call.dHead();
    float[] row = scratch.get().row(dHead);
    int group = call.form.heads() / call.form.keyValueHeads();
    for (int query = 0; query < scores.span.queries(); query++) {
      for (int head = keyValueHead * group; head < (keyValueHead + 1) * group; head++) {
        int from = call.q.layout().index(scores.span.firstQuery() + query, head * dHead);
        RowLoops.scale(row, 0, HostMemory.floats(call.q), from, dHead, call.form.scale());
        int to = scores.at(query, head) + piece * PIECE;
        Tiles.rowTile(dHead, row, 0, keys.values(), 0, array, to);
      }
    }
  }

  /** The results of some heads. */
  private void addValues(Call call, Scores scores, float[] array, int firstHead, int endHead) {
    int dHead = call.dHead();
    float[] results = scratch.get().row((endHead - firstHead) * dHead);
    float[] factors = new float[endHead - firstHead];
    for (int query = 0; query < scores.span.queries(); query++) {
      for (int head = firstHead; head < endHead; head++) {
        factors[head - firstHead] = 1 / exponentials(scores, array, query, head);
      }
      Arrays.fill(results, 0, (endHead - firstHead) * dHead, 0);
      addValues(call, scores, array, query, firstHead, endHead, results);
      for (int head = firstHead; head < endHead; head++) {
        RowLoops.scale(
            HostMemory.floats(call.out),
            call.out.layout().index(scores.span.firstQuery() + query, head * dHead),
            results,
            (head - firstHead) * dHead,
            dHead,
            factors[head - firstHead]);
      }
    }
  }

  /** Caps the scores of a query and a head and turns them into exponentials; returns their sum. */
  private static float exponentials(Scores scores, float[] array, int query, int head) {
    int at = scores.at(query, head) + scores.firstSeen(query);
    int length = scores.endSeen(query) - scores.firstSeen(query);
    if (scores.form.softCap() > 0) {
      FunctionLoops.cap(array, at, length, scores.form.softCap());
    }
    return ExponentialLoops.exponentials(array, at, length);
  }

  /** results += exponentials times values; a few keys for all heads, then the next few. */
  private static void addValues(
      Call call,
      Scores scores,
      float[] array,
      int query,
      int firstHead,
      int endHead,
      float[] results) {
    int dHead = call.dHead();
    MatrixLayout layout = call.v.layout();
    int end = scores.endSeen(query);
    for (int first = scores.firstSeen(query); first < end; first += KEYS_AT_ONCE) {
      int row = scores.span.firstKey() + scores.firstKey() + first;
      for (int head = firstHead; head < endHead; head++) {
        RowLoops.addRows(
            results,
            (head - firstHead) * dHead,
            dHead,
            Math.min(KEYS_AT_ONCE, end - first),
            array,
            scores.at(query, head) + first,
            HostMemory.floats(call.v),
            layout.index(row, call.form.keyValueHead(head) * dHead),
            layout.rowStride());
      }
    }
  }
}
