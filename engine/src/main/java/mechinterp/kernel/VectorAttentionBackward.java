package mechinterp.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.kernel.AttentionMemory.Buffer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * The gradients of attention by panels of queries, with a task for each sequence and key/value
 * head, which alone adds up the gradients of its keys and values, panel after panel.
 */
final class VectorAttentionBackward {
  private static final int PANEL = Tiles.PANEL;

  private final WorkerPool workers;
  private final ThreadLocal<AttentionMemory> memory = ThreadLocal.withInitial(AttentionMemory::new);

  VectorAttentionBackward(WorkerPool workers) {
    this.workers = workers;
  }

  /** What a task does with its block. */
  private interface BlockWork {
    void run(AttentionMemory memory, AttentionBlock block);
  }

  private void forEachHead(List<Span> spans, AttentionForm form, BlockWork work) {
    List<AttentionBlock> blocks = new ArrayList<>();
    for (Span span : spans) {
      for (int head = 0; head < form.keyValueHeads(); head++) {
        blocks.add(new AttentionBlock(span, form, head, 0, span.queries()));
      }
    }
    workers.run(blocks.size(), (task, thread) -> work.run(memory.get(), blocks.get(task)));
  }

  void attentionBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    forEachHead(
        Span.read("attentionBackward", spans, q.rows(), k.rows()),
        form,
        (memory, block) -> {
          KeySums dKeys = new KeySums(memory, Buffer.D_KEYS, block, dk);
          KeySums dValues = new KeySums(memory, Buffer.D_VALUES, block, dv);
          Keys keys = new Keys(memory, block, k);
          float[] values = memory.rows(Buffer.VALUE_ROWS, block, v, 0, block.span().keys());
          for (int panel = 0; panel < block.panels(); panel++) {
            Range range = new Range(block.firstKey(panel), block.endKey(panel));
            float[] queries = ScorePanels.queries(memory, block, q, panel);
            float[] scores = keys.scores(memory, queries, range);
            ScorePanels.restrict(memory, block, panel, scores, range.first, range.count());
            float[] capped = capped(memory, form, scores, range.count());
            PanelLoops.exponentials(scores, range.count(), memory.sums);
            PanelLoops.divide(scores, range.count(), memory.sums);
            float[] d = gradientOfPattern(memory, block, values, dOut, panel, range);
            dValues.add(block, panel, scores, dOut, 1, range);
            PanelLoops.softmaxBackward(d, scores, range.count());
            uncap(d, capped, form, range.count());
            dKeys.add(block, panel, d, q, form.scale(), range);
            keys.toQueries(memory, block, dq, d, panel, range);
          }
          dKeys.write(block, dk);
          dValues.write(block, dv);
        });
  }

  /** The keys that a panel sees. */
  private record Range(int first, int end) {
    int count() {
      return end - first;
    }
  }

  /** The keys of a block's head, as rows and transposed. */
  private static final class Keys {
    private final float[] rows;
    private final float[] columns;
    private final int dHead;
    private final int stride;

    Keys(AttentionMemory memory, AttentionBlock block, FloatMatrix k) {
      int keys = block.span().keys();
      rows = memory.rows(Buffer.KEY_ROWS, block, k, 0, keys);
      columns = memory.columns(Buffer.KEY_COLUMNS, block, k, 0, keys);
      dHead = k.cols() / block.form().keyValueHeads();
      stride = AttentionMemory.columnStride(keys);
    }

    float[] scores(AttentionMemory memory, float[] queries, Range range) {
      float[] scores = memory.panel(Buffer.SCORES, range.count());
      PanelLoops.product(range.count(), dHead, rows, range.first * dHead, dHead, queries, scores);
      return scores;
    }

    /** dq of a panel's rows = scale times the gradients of its scores times the keys. */
    void toQueries(
        AttentionMemory memory,
        AttentionBlock block,
        FloatMatrix dq,
        float[] d,
        int panel,
        Range range) {
      float[] result = memory.panel(Buffer.RESULTS, dHead);
      PanelLoops.product(dHead, range.count(), columns, range.first, stride, d, result);
      RowLoops.scale(result, 0, result, 0, dHead * PANEL, block.form().scale());
      ScorePanels.toRows(memory, result, dHead, HostMemory.floats(dq), block.places(dq, panel), 0);
    }
  }

  /** Returns a copy of the scores where their cap needs them once more. */
  private static float[] capped(
      AttentionMemory memory, AttentionForm form, float[] scores, int keys) {
    if (form.softCap() == 0) {
      return scores;
    }
    float[] capped = memory.panel(Buffer.CAPPED_SCORES, keys);
    System.arraycopy(scores, 0, capped, 0, keys * PANEL);
    return capped;
  }

  /** d = d times the derivative of the cap; a score of -infinity passes nothing on. */
  private static void uncap(float[] d, float[] capped, AttentionForm form, int keys) {
    if (form.softCap() > 0) {
      FunctionLoops.softCapBackward(d, 0, d, 0, capped, 0, keys * PANEL, 1 / form.softCap());
      PanelLoops.clearMasked(d, capped, keys);
    }
  }

  /** Returns the values times the gradients of a panel's results. */
  private static float[] gradientOfPattern(
      AttentionMemory memory,
      AttentionBlock block,
      float[] values,
      FloatMatrix dOut,
      int panel,
      Range range) {
    int dHead = dOut.cols() / block.form().heads();
    float[] dResults = memory.panel(Buffer.D_RESULTS, dHead);
    PanelLoops.fill(dResults, HostMemory.floats(dOut), block.places(dOut, panel), dHead, 1);
    float[] d = memory.panel(Buffer.D_SCORES, range.count());
    PanelLoops.product(range.count(), dHead, values, range.first * dHead, dHead, dResults, d);
    return d;
  }

  /**
   * A gradient of keys or values that is added up over panels: [keys, PANEL] for each PANEL
   * columns.
   */
  private static final class KeySums {
    private final AttentionMemory memory;
    private final float[] sums;
    private final int keys;
    private final int width;

    KeySums(AttentionMemory memory, Buffer buffer, AttentionBlock block, FloatMatrix to) {
      this.memory = memory;
      keys = block.span().keys();
      width = to.cols() / block.form().keyValueHeads();
      int length = Math.multiplyExact(Math.ceilDiv(width, PANEL) * PANEL, keys);
      sums = memory.buffer(buffer, length);
      Arrays.fill(sums, 0, length, 0);
    }

    /** Adds a panel [keys, PANEL] times factor times the rows of its lanes. */
    void add(
        AttentionBlock block,
        int panel,
        float[] coefficients,
        FloatMatrix rows,
        float factor,
        Range range) {
      int[] places = block.places(rows, panel);
      for (int column = 0; column < width; column += PANEL) {
        int columns = Math.min(PANEL, width - column);
        float[] right = memory.buffer(Buffer.LEFT_ROWS, PANEL * PANEL);
        Arrays.fill(right, 0, PANEL * PANEL, 0);
        for (int row = 0; row < places.length; row++) {
          RowLoops.scale(
              right, row * PANEL, HostMemory.floats(rows), places[row] + column, columns, factor);
        }
        PanelLoops.addProduct(
            range.count(),
            places.length,
            coefficients,
            right,
            0,
            memory.tile,
            sums,
            column * keys + range.first * PANEL);
      }
    }

    void write(AttentionBlock block, FloatMatrix to) {
      for (int column = 0; column < width; column += PANEL) {
        int columns = Math.min(PANEL, width - column);
        for (int key = 0; key < keys; key++) {
          System.arraycopy(
              sums,
              column * keys + key * PANEL,
              HostMemory.floats(to),
              block.place(to, key) + column,
              columns);
        }
      }
    }
  }

  void attentionValuesBackward(
      FloatMatrix dPattern,
      FloatMatrix dv,
      FloatMatrix dOut,
      FloatMatrix pattern,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    int maxKeys = pattern.cols() / form.heads();
    forEachHead(
        Span.read("attentionValuesBackward", spans, dOut.rows(), v.rows()),
        form,
        (memory, block) -> {
          KeySums dValues = new KeySums(memory, Buffer.D_VALUES, block, dv);
          Range range = new Range(0, block.span().keys());
          float[] values = memory.rows(Buffer.VALUE_ROWS, block, v, 0, range.end);
          for (int panel = 0; panel < block.panels(); panel++) {
            float[] weights = memory.panel(Buffer.SCORES, range.end);
            PanelLoops.fill(
                weights, HostMemory.floats(pattern), block.places(pattern, panel), range.end, 1);
            dValues.add(block, panel, weights, dOut, 1, range);
            float[] d = gradientOfPattern(memory, block, values, dOut, panel, range);
            int[] places = block.places(dPattern, panel);
            float[] to = HostMemory.floats(dPattern);
            ScorePanels.toRows(memory, d, range.end, to, places, 0);
            for (int place : places) {
              Arrays.fill(to, place + range.end, place + maxKeys, 0);
            }
          }
          dValues.write(block, dv);
        });
  }

  void attentionScoresBackward(
      FloatMatrix dq,
      FloatMatrix dk,
      FloatMatrix dScores,
      FloatMatrix scores,
      FloatMatrix q,
      FloatMatrix k,
      IntMatrix spans,
      AttentionForm form) {
    forEachHead(
        Span.read("attentionScoresBackward", spans, q.rows(), k.rows()),
        form,
        (memory, block) -> {
          KeySums dKeys = new KeySums(memory, Buffer.D_KEYS, block, dk);
          Keys keys = new Keys(memory, block, k);
          for (int panel = 0; panel < block.panels(); panel++) {
            Range range = new Range(block.firstKey(panel), block.endKey(panel));
            float[] capped = panelOf(memory, Buffer.CAPPED_SCORES, block, scores, panel, range);
            float[] d = panelOf(memory, Buffer.D_SCORES, block, dScores, panel, range);
            PanelLoops.clearMasked(d, capped, range.count());
            uncap(d, capped, form, range.count());
            dKeys.add(block, panel, d, q, form.scale(), range);
            keys.toQueries(memory, block, dq, d, panel, range);
          }
          dKeys.write(block, dk);
        });
  }

  /** Returns what a matrix of scores has for a panel's rows and the keys that they see. */
  private static float[] panelOf(
      AttentionMemory memory,
      Buffer buffer,
      AttentionBlock block,
      FloatMatrix scores,
      int panel,
      Range range) {
    int[] places = block.places(scores, panel);
    for (int row = 0; row < places.length; row++) {
      places[row] += range.first;
    }
    float[] values = memory.panel(buffer, range.count());
    PanelLoops.fill(values, HostMemory.floats(scores), places, range.count(), 1);
    return values;
  }
}
