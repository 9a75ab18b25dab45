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

  private int firstQuery(int panel) {
    return firstQuery + panel * Tiles.PANEL / group();
  }

  private int lastQuery(int panel) {
    return firstQuery + (panel * Tiles.PANEL + rows(panel) - 1) / group();
  }

  /** Returns the first key that a row of the panel sees. */
  int firstKey(int panel) {
    return span.firstVisible(firstQuery(panel), form);
  }

  /** Returns the key behind the last one that a row of the panel sees. */
  int endKey(int panel) {
    return span.endVisible(lastQuery(panel), form);
  }

  /** Returns the first of the keys that every row of the panel sees. */
  int firstSharedKey(int panel) {
    return span.firstVisible(lastQuery(panel), form);
  }

  /** Returns the key behind the last one that every row of the panel sees. */
  int endSharedKey(int panel) {
    return span.endVisible(firstQuery(panel), form);
  }

  /** Writes for each row of a panel the keys that it sees, less {@code firstKey}. */
  void visible(int panel, int firstKey, float[] first, float[] end) {
    int group = group();
    int query = firstQuery(panel);
    int head = panel * Tiles.PANEL % group;
    int rows = rows(panel);
    for (int row = 0; row < rows; row++) {
      first[row] = span.firstVisible(query, form) - firstKey;
      end[row] = span.endVisible(query, form) - firstKey;
      head++;
      if (head == group) {
        head = 0;
        query++;
      }
    }
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
    int group = group();
    int width = x.cols() / form.heads();
    int query = firstQuery(panel);
    int head = panel * Tiles.PANEL % group;
    int[] places = new int[rows(panel)];
    for (int row = 0; row < places.length; row++) {
      places[row] =
          x.layout().index(span.firstQuery() + query, (keyValueHead * group + head) * width);
      head++;
      if (head == group) {
        head = 0;
        query++;
      }
    }
    return places;
  }

  /** Returns where a key begins in the storage of the keys or values. */
  int place(FloatMatrix keys, int key) {
    int width = keys.cols() / form.keyValueHeads();
    return keys.layout().index(span.firstKey() + key, keyValueHead * width);
  }
}
