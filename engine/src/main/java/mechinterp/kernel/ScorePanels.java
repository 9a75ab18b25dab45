package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.kernel.AttentionMemory.Buffer;
import mechinterp.tensor.FloatMatrix;

/** What the ways of computing attention have in common: panels filled from rows and back. */
final class ScorePanels {
  private static final int PANEL = Tiles.PANEL;

  private ScorePanels() {}

  /** Returns the queries of a panel times the scale [d_head, PANEL]. */
  static float[] queries(AttentionMemory memory, AttentionBlock block, FloatMatrix q, int panel) {
    int dHead = q.cols() / block.form().heads();
    float[] queries = memory.panel(Buffer.QUERIES, dHead);
    PanelLoops.fill(
        queries, HostMemory.floats(q), block.places(q, panel), dHead, block.form().scale());
    return queries;
  }

  /**
   * Caps scores and sets those to -infinity that are not seen.
   *
   * @param firstKey the key of row 0
   * @param keys number of rows
   */
  static void restrict(
      AttentionMemory memory,
      AttentionBlock block,
      int panel,
      float[] scores,
      int firstKey,
      int keys) {
    AttentionForm form = block.form();
    if (form.softCap() > 0) {
      FunctionLoops.cap(scores, 0, keys * PANEL, form.softCap());
    }
    int firstShared = block.firstSharedKey(panel) - firstKey;
    int endShared = block.endSharedKey(panel) - firstKey;
    if (firstShared <= 0 && endShared >= keys) {
      return;
    }
    Arrays.fill(memory.firstKeys, 0);
    Arrays.fill(memory.endKeys, keys);
    block.visible(panel, firstKey, memory.firstKeys, memory.endKeys);
    int head = Math.clamp(firstShared, 0, keys);
    PanelLoops.mask(scores, memory.firstKeys, memory.endKeys, 0, head);
    int tail = Math.clamp(endShared, head, keys);
    PanelLoops.mask(scores, memory.firstKeys, memory.endKeys, tail, keys);
  }

  /** Writes a panel [length, PANEL] to the rows at {@code places}. */
  static void toRows(
      AttentionMemory memory, float[] panel, int length, float[] to, int[] places, int offset) {
    int stride = AttentionMemory.columnStride(length);
    float[] rows = memory.buffer(Buffer.ROWS, PANEL * stride);
    int[] from = Transposition.places(0, PANEL, length);
    Transposition.transpose(panel, from, 0, length, 0, places.length, rows, 0, stride);
    for (int row = 0; row < places.length; row++) {
      System.arraycopy(rows, row * stride, to, places[row] + offset, length);
    }
  }
}
