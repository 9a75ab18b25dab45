package mechinterp.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.tensor.FloatMatrix;

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
      for (int head = 0; head < call.form.keyValueHeads(); head++) {
        for (int piece = 0; piece < scores.pieces(); piece++) {
          int keyValueHead = head;
          int number = piece;
          products.add(() -> multiplyPiece(call, scores, array, keyValueHead, number));
        }
      }
      for (int head = 0; head < call.form.heads(); head++) {
        int number = head;
        sums.add(() -> addValues(call, scores, array, number));
      }
    }
    workers.run(products.size(), (task, thread) -> products.get(task).run());
    workers.run(sums.size(), (task, thread) -> sums.get(task).run());
  }

  /** The scores of a piece of the keys with all queries and heads that share a key/value head. */
  private void multiplyPiece(Call call, Scores scores, float[] array, int keyValueHead, int piece) {
    Scratch memory = scratch.get();
    int dHead = call.dHead();
    int first = scores.span.firstKey() + scores.firstKey() + piece * PIECE;
    int count = Math.min(PIECE, scores.keys() - piece * PIECE);
    PackedPanels keys = memory.keys.reshape(dHead, count);
    for (int panel = 0; panel < keys.panels(); panel++) {
      keys.packTransposed(
          panel,
          HostMemory.floats(call.k),
          j -> call.k.layout().index(first + j, keyValueHead * dHead));
    }
    float[] row = memory.row(dHead);
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

  /** The results of a head. */
  private void addValues(Call call, Scores scores, float[] array, int head) {
    int dHead = call.dHead();
    float[] row = scratch.get().row(dHead);
    AttentionForm form = call.form;
    for (int query = 0; query < scores.span.queries(); query++) {
      int firstKey = scores.span.firstVisible(query, form);
      int keys = scores.span.endVisible(query, form) - firstKey;
      int at = scores.at(query, head) + firstKey - scores.firstKey();
      if (form.softCap() > 0) {
        FunctionLoops.cap(array, at, keys, form.softCap());
      }
      float sum = ExponentialLoops.exponentials(array, at, keys);
      Arrays.fill(row, 0, dHead, 0);
      int firstRow = scores.span.firstKey() + firstKey;
      RowLoops.addRows(
          row,
          0,
          dHead,
          keys,
          key -> array[at + key],
          HostMemory.floats(call.v),
          key -> call.v.layout().index(firstRow + key, form.keyValueHead(head) * dHead));
      int to = call.out.layout().index(scores.span.firstQuery() + query, head * dHead);
      RowLoops.scale(HostMemory.floats(call.out), to, row, 0, dHead, 1 / sum);
    }
  }
}
