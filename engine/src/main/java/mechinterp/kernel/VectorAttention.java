package mechinterp.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.kernel.AttentionMemory.Buffer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * Attention by panels of queries: their scores with all keys that they see, [keys, PANEL], stay in
 * the second-level cache between two products by tiles. Keys that no query of a panel sees cost
 * nothing. The order of a query's sums is that of the keys, whichever queries share its panel.
 */
final class VectorAttention {
  private static final int TASKS_PER_THREAD = 4;

  /** Panels that repay the preparation of the keys and values. */
  private static final int PANELS_PER_TASK = 4;

  private final WorkerPool workers;
  private final VectorDecoding decoding;
  private final ThreadLocal<AttentionMemory> memory = ThreadLocal.withInitial(AttentionMemory::new);

  VectorAttention(WorkerPool workers) {
    this.workers = workers;
    this.decoding = new VectorDecoding(workers);
  }

  void attention(
      FloatMatrix out,
      FloatMatrix q,
      FloatMatrix k,
      FloatMatrix v,
      IntMatrix spans,
      AttentionForm form) {
    List<Span> few = new ArrayList<>();
    List<Span> many = new ArrayList<>();
    for (Span span : Span.read("attention", spans, q.rows(), k.rows())) {
      if (span.queries() > 0) {
        (VectorDecoding.suits(span, form) ? few : many).add(span);
      }
    }
    decoding.attention(out, q, k, v, few, form);
    List<AttentionBlock> blocks = blocks(many, form);
    workers.run(blocks.size(), (task, thread) -> attend(out, q, k, v, blocks.get(task)));
  }

  /** Cuts sequences into blocks for the threads; the last queries, which see most, come first. */
  private List<AttentionBlock> blocks(List<Span> spans, AttentionForm form) {
    int heads = Math.max(1, spans.size() * form.keyValueHeads());
    int wanted = Math.ceilDiv(workers.threads() * TASKS_PER_THREAD, heads);
    List<AttentionBlock> blocks = new ArrayList<>();
    for (Span span : spans) {
      int rows = span.queries() * (form.heads() / form.keyValueHeads());
      int parts = Math.clamp(rows / (PANELS_PER_TASK * Tiles.PANEL), 1, wanted);
      for (int part = parts - 1; part >= 0; part--) {
        int first = VectorGemm.cut(span.queries(), part, parts);
        int end = VectorGemm.cut(span.queries(), part + 1, parts);
        for (int head = 0; head < form.keyValueHeads() && first < end; head++) {
          blocks.add(new AttentionBlock(span, form, head, first, end));
        }
      }
    }
    return blocks;
  }

  private void attend(
      FloatMatrix out, FloatMatrix q, FloatMatrix k, FloatMatrix v, AttentionBlock block) {
    AttentionMemory memory = this.memory.get();
    int dHead = k.cols() / block.form().keyValueHeads();
    int first = block.firstKey();
    int end = block.endKey();
    float[] keys = memory.rows(Buffer.KEY_ROWS, block, k, first, end);
    float[] values = memory.columns(Buffer.VALUE_COLUMNS, block, v, first, end);
    int stride = AttentionMemory.columnStride(end - first);
    float[] result = memory.panel(Buffer.RESULTS, dHead);
    for (int panel = 0; panel < block.panels(); panel++) {
      int from = block.firstKey(panel) - first;
      int seen = block.endKey(panel) - first - from;
      float[] scores = memory.panel(Buffer.SCORES, seen);
      float[] queries = ScorePanels.queries(memory, block, q, panel);
      PanelLoops.product(seen, dHead, keys, from * dHead, dHead, queries, scores);
      ScorePanels.restrict(memory, block, panel, scores, first + from, seen);
      PanelLoops.exponentials(scores, seen, memory.sums);
      PanelLoops.product(dHead, seen, values, from, stride, scores, result);
      PanelLoops.divide(result, dHead, memory.sums);
      ScorePanels.toRows(
          memory, result, dHead, HostMemory.floats(out), block.places(out, panel), 0);
    }
  }

  void attentionScores(
      FloatMatrix scores, FloatMatrix q, FloatMatrix k, IntMatrix spans, AttentionForm form) {
    List<Span> sequences = Span.read("attentionScores", spans, q.rows(), k.rows());
    List<AttentionBlock> blocks = blocks(sequences, form);
    workers.run(blocks.size(), (task, thread) -> writeScores(scores, q, k, blocks.get(task)));
  }

  private void writeScores(FloatMatrix scores, FloatMatrix q, FloatMatrix k, AttentionBlock block) {
    AttentionMemory memory = this.memory.get();
    int dHead = k.cols() / block.form().keyValueHeads();
    int maxKeys = scores.cols() / block.form().heads();
    int first = block.firstKey();
    float[] keys = memory.rows(Buffer.KEY_ROWS, block, k, first, block.endKey());
    float[] to = HostMemory.floats(scores);
    for (int panel = 0; panel < block.panels(); panel++) {
      int from = block.firstKey(panel);
      int seen = block.endKey(panel) - from;
      float[] panelScores = memory.panel(Buffer.SCORES, seen);
      float[] queries = ScorePanels.queries(memory, block, q, panel);
      PanelLoops.product(seen, dHead, keys, (from - first) * dHead, dHead, queries, panelScores);
      ScorePanels.restrict(memory, block, panel, panelScores, from, seen);
      int[] places = block.places(scores, panel);
      for (int place : places) {
        Arrays.fill(to, place, place + maxKeys, Float.NEGATIVE_INFINITY);
      }
      ScorePanels.toRows(memory, panelScores, seen, to, places, from);
    }
  }

  void attentionValues(
      FloatMatrix out, FloatMatrix pattern, FloatMatrix v, IntMatrix spans, AttentionForm form) {
    List<Span> sequences = Span.read("attentionValues", spans, out.rows(), v.rows());
    List<AttentionBlock> blocks = blocks(sequences, form);
    workers.run(blocks.size(), (task, thread) -> addValues(out, pattern, v, blocks.get(task)));
  }

  private void addValues(
      FloatMatrix out, FloatMatrix pattern, FloatMatrix v, AttentionBlock block) {
    AttentionMemory memory = this.memory.get();
    int dHead = v.cols() / block.form().keyValueHeads();
    int keys = block.span().keys();
    float[] values = memory.columns(Buffer.VALUE_COLUMNS, block, v, 0, keys);
    int stride = AttentionMemory.columnStride(keys);
    float[] result = memory.panel(Buffer.RESULTS, dHead);
    float[] weights = memory.panel(Buffer.SCORES, keys);
    for (int panel = 0; panel < block.panels(); panel++) {
      PanelLoops.fill(weights, HostMemory.floats(pattern), block.places(pattern, panel), keys, 1);
      PanelLoops.product(dHead, keys, values, 0, stride, weights, result);
      ScorePanels.toRows(
          memory, result, dHead, HostMemory.floats(out), block.places(out, panel), 0);
    }
  }
}
