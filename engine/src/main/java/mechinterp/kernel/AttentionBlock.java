package mechinterp.kernel;

import mechinterp.tensor.FloatMatrix;

/**
 * Some queries of a sequence in all heads that share a key/value head. Its rows are the pairs of a
 * query and a head, query by query; {@link Tiles#PANEL} of them make a panel.
 *
 * @param firstQuery first query, counted within the sequence
 * @param endQuery the query behind the last one
 */
record AttentionBlock(
    Span span, AttentionForm form, int keyValueHead, int firstQuery, int endQuery) {

  private int group() {
    return form.heads() / form.keyValueHeads();
  }

  private int rows() {
    return (endQuery - firstQuery) * group();
  }

  int panels() {
    return Math.ceilDiv(rows(), Tiles.PANEL);
  }

  /** Returns the number of rows of a panel. */
  int rows(int panel) {
    return Math.min(Tiles.PANEL, rows() - panel * Tiles.PANEL);
  }

  /** Returns the query of a row of a panel, counted within the sequence. */
  int query(int panel, int row) {
    return firstQuery + (panel * Tiles.PANEL + row) / group();
  }

  private int head(int panel, int row) {
    return keyValueHead * group() + (panel * Tiles.PANEL + row) % group();
  }

  /** Returns the first key that a row of the panel sees. */
  int firstKey(int panel) {
    return span.firstVisible(query(panel, 0), form);
  }

  /** Returns the key behind the last one that a row of the panel sees. */
  int endKey(int panel) {
    return span.endVisible(query(panel, rows(panel) - 1), form);
  }

  /** Returns the first key that a row sees. */
  int firstKey() {
    return span.firstVisible(firstQuery, form);
  }

  /** Returns the key behind the last one that a row sees. */
  int endKey() {
    return span.endVisible(endQuery - 1, form);
  }

  /**
   * Returns where each row of a panel begins in the storage of a matrix that has the rows of the
   * queries and a block of columns for each head.
   */
  int[] places(FloatMatrix x, int panel) {
    int width = x.cols() / form.heads();
    int[] places = new int[rows(panel)];
    for (int row = 0; row < places.length; row++) {
      places[row] =
          x.layout().index(span.firstQuery() + query(panel, row), head(panel, row) * width);
    }
    return places;
  }

  /** Returns where a key begins in the storage of the keys or values. */
  int place(FloatMatrix keys, int key) {
    int width = keys.cols() / form.keyValueHeads();
    return keys.layout().index(span.firstKey() + key, keyValueHead * width);
  }
}
