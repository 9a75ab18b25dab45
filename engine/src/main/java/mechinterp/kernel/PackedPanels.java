package mechinterp.kernel;

import java.util.Arrays;

/**
 * A right-hand factor cut into panels of {@link Tiles#PANEL} columns, each stored [rows][PANEL] and
 * filled up with zeros. Behind the last panel there is room for {@link Tiles#rowTile} to read its
 * four panels from any panel on.
 */
final class PackedPanels implements PackedMatrix {
  private int rows;
  private int cols;
  private int capacity;
  private float[] values;

  PackedPanels(int rows, int capacity) {
    this.rows = rows;
    this.capacity = capacity;
    this.values = new float[Math.toIntExact(size(rows, capacity))];
  }

  private PackedPanels(PackedPanels of, int cols) {
    this.rows = of.rows;
    this.capacity = cols;
    this.cols = cols;
    this.values = of.values;
  }

  /** Returns how many floats the panels of a [rows, cols] matrix take. */
  static long size(int rows, int cols) {
    return (long) (panels(cols) + Tiles.ROW_PANELS - 1) * Tiles.PANEL * rows;
  }

  private static int panels(int cols) {
    return Math.ceilDiv(cols, Tiles.PANEL);
  }

  /** Makes this a packed [rows, cols] matrix, in the same memory if that suffices. */
  PackedPanels reshape(int rows, int cols) {
    this.rows = rows;
    this.cols = cols;
    this.capacity = cols;
    if (values.length < size(rows, cols)) {
      values = new float[Math.toIntExact(size(rows, cols))];
    }
    return this;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return cols;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public PackedPanels firstColumns(int number) {
    PackedColumns.requireAtMost(number, cols);
    return new PackedPanels(this, number);
  }

  void setCols(int cols) {
    this.cols = cols;
  }

  float[] values() {
    return values;
  }

  int panels() {
    return panels(cols);
  }

  /** Returns the index of the first number of a panel. */
  int at(int panel) {
    return panel * rows * Tiles.PANEL;
  }

  /** Where a row of the source begins. */
  interface RowPlace {
    int of(int row);
  }

  /** Fills a panel whose columns are rows of the source. */
  void packTransposed(int panel, float[] from, RowPlace place) {
    int base = at(panel);
    int first = panel * Tiles.PANEL;
    int width = Math.min(Tiles.PANEL, cols - first);
    if (width < Tiles.PANEL) {
      Arrays.fill(values, base, base + rows * Tiles.PANEL, 0);
    }
    int[] places = new int[width];
    Arrays.setAll(places, j -> place.of(first + j));
    Transposition.transpose(from, places, 0, width, 0, rows, values, base, Tiles.PANEL);
  }

  /** Fills a panel whose rows are pieces of the rows of the source. */
  void packStored(int panel, float[] from, RowPlace place) {
    int base = at(panel);
    int first = panel * Tiles.PANEL;
    int width = Math.min(Tiles.PANEL, cols - first);
    for (int p = 0; p < rows; p++) {
      int to = base + p * Tiles.PANEL;
      System.arraycopy(from, place.of(p) + first, values, to, width);
      Arrays.fill(values, to + width, to + Tiles.PANEL, 0);
    }
  }

  /** Copies a column to an array. */
  void copyColumn(int column, float[] to, int toAt) {
    int from = at(column / Tiles.PANEL) + column % Tiles.PANEL;
    for (int p = 0; p < rows; p++) {
      to[toAt + p] = values[from + p * Tiles.PANEL];
    }
  }

  /**
   * Fills a panel of the transpose of a part of another packed matrix, as many columns as this has
   * rows.
   *
   * @param firstRow the other's row that is column 0
   * @param firstPanel the other's panel whose first column is row 0
   */
  void packTranspose(int panel, PackedPanels b, int firstRow, int firstPanel) {
    int first = firstRow + panel * Tiles.PANEL;
    int width = Math.min(Tiles.PANEL, cols - panel * Tiles.PANEL);
    if (width < Tiles.PANEL) {
      Arrays.fill(values, at(panel), at(panel) + rows * Tiles.PANEL, 0);
    }
    for (int row = 0; row < rows; row += Tiles.PANEL) {
      int from = b.at(firstPanel + row / Tiles.PANEL) + first * Tiles.PANEL;
      int[] places = Transposition.places(from, Tiles.PANEL, width);
      Transposition.transpose(
          b.values,
          places,
          0,
          width,
          0,
          Math.min(Tiles.PANEL, rows - row),
          values,
          at(panel) + row * Tiles.PANEL,
          Tiles.PANEL);
    }
  }
}
