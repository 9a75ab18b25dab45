package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.MatrixLayout;

/**
 * Matrix products from {@link Tiles}. A few rows of A and a chunk of B's panels stay in the
 * second-level cache together, while chunk after chunk comes from the third-level cache, where the
 * order of the panels lets the hardware fetch them ahead; B is packed beforehand. The depth is not
 * cut: partial sums gain nothing up to a depth of 2048 (measured on Zen 5).
 */
final class VectorGemm {
  /** Bytes of B in the second-level cache: 384 to 512 KB measured best with 1 MB. */
  private static final int CHUNK_BYTES = 448 << 10;

  /**
   * A row stride that is a multiple of this many floats puts the rows of a tile into one set of the
   * first-level cache.
   */
  private static final int HARMFUL_STRIDE = 512;

  /** Floats in a cache line. */
  private static final int LINE = 16;

  /** How much of the depth is packed at once where B is transposed; a multiple of a panel. */
  private static final int PART_OF_DEPTH = 1024;

  /**
   * Rows of a block: enough that a chunk of the weights is used often, few enough to share out
   * evenly.
   */
  private static final int BLOCK_ROWS = 37 * Tiles.HIGH;

  /** Bytes of A in the second-level cache, beside those of B. */
  private static final int SLICE_BYTES = 160 << 10;

  /** Bytes of B that stay in the third-level cache while all rows of A go by. */
  private static final int PART_BYTES = 4 << 20;

  /** Tiles of rows that make fetching a chunk of B worth while. */
  private static final int LEAST_TILES = 2;

  /** Tasks for each thread, so that a thread that was held up is relieved by the others. */
  private static final int TASKS_PER_THREAD = 8;

  private final WorkerPool workers;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  VectorGemm(WorkerPool workers) {
    this.workers = workers;
  }

  /** Returns the most numbers of a tile that a sink is given. */
  static int tileSize() {
    int ofTiles = Math.max(Tiles.HIGH, Tiles.ROW_PANELS) * Tiles.PANEL;
    return Math.max(ofTiles, WorkerPool.COLUMNS_PER_TASK);
  }

  /** A thread's memory, kept between calls. */
  private static final class Scratch {
    private final float[] tile = new float[tileSize()];
    private final PackedPanels panels = new PackedPanels(0, 0);
    private float[] rows = new float[0];

    float[] rows(int length) {
      if (rows.length < length) {
        rows = new float[length];
      }
      return rows;
    }
  }

  /** Rows of A in an array, at a stride that does the cache no harm. */
  static final class Rows {
    private final float[] array;
    private final int at;
    private final int stride;
    private final int count;

    private Rows(float[] array, int at, int stride, int count) {
      this.array = array;
      this.at = at;
      this.stride = stride;
      this.count = count;
    }

    private static Rows of(FloatMatrix a) {
      MatrixLayout layout = a.layout();
      return new Rows(HostMemory.floats(a), layout.offset(), layout.rowStride(), layout.rows());
    }

    int count() {
      return count;
    }

    private int row(int row) {
      return at + row * stride;
    }
  }

  /** Takes the finished part of a tile. */
  interface TileSink {
    /**
     * Element (row, column + j) is at {@code tile[at + (row - firstRow) * stride + j]}, for rows
     * from {@code firstRow} to {@code endRow - 1} and j below {@code width}.
     */
    void accept(float[] tile, int at, int stride, int firstRow, int endRow, int column, int width);
  }

  /** What is done with the products of some rows, which one task has from the first column on. */
  interface RowBlock {
    /** Takes the tiles by rising column. */
    TileSink sink();

    /** All tiles have been taken. */
    void end();
  }

  /** Makes the blocks. */
  interface RowBlocks {
    /** Returns the block of rows {@code firstRow} to {@code endRow - 1}. */
    RowBlock of(int firstRow, int endRow);
  }

  /** Multiplies rows of A with all of B, block by block; the product is nowhere stored. */
  void forEachBlock(FloatMatrix a, PackedPanels b, RowBlocks blocks) {
    Rows rows = rows(a);
    int tasks = workers.threads() * Math.ceilDiv(rows.count(), workers.threads() * BLOCK_ROWS);
    workers.run(
        tasks,
        (task, thread) -> {
          int firstRow = cut(rows.count(), task, tasks);
          int endRow = cut(rows.count(), task + 1, tasks);
          RowBlock block = blocks.of(firstRow, endRow);
          forEachChunk(rows, firstRow, endRow, b, 0, b.panels(), block.sink());
          block.end();
        });
  }

  /** As {@link #forEachTile}, with panels that stay in the second-level cache at a time. */
  private void forEachChunk(
      Rows rows,
      int firstRow,
      int endRow,
      PackedPanels b,
      int firstPanel,
      int endPanel,
      TileSink sink) {
    int panels = endPanel - firstPanel;
    int chunks = endRow - firstRow < Tiles.LOW ? 1 : chunks(panels, b.rows());
    for (int chunk = 0; chunk < chunks; chunk++) {
      int first = firstPanel + cut(panels, chunk, chunks);
      int end = firstPanel + cut(panels, chunk + 1, chunks);
      forEachTile(rows, firstRow, endRow, b, first, end, sink);
    }
  }

  void multiply(
      FloatMatrix out, FloatMatrix a, Operand asA, FloatMatrix b, Operand asB, Write write) {
    if (out.rows() < Tiles.LOW && asA == Operand.AS_IS && asB == Operand.AS_IS) {
      addUpRows(out, a, b, write);
      return;
    }
    int depth = asA == Operand.AS_IS ? a.cols() : a.rows();
    PackedPanels panels = scratch.get().panels.reshape(depth, out.cols());
    pack(panels, b, asB);
    multiply(out, asA == Operand.AS_IS ? rows(a) : transposed(a), panels, write);
  }

  /** out = a B, or out += it. */
  void multiplyPacked(FloatMatrix out, FloatMatrix a, PackedPanels b, Write write) {
    multiply(out, rows(a), b, write);
  }

  /** Gives the product to a sink, which must take tiles from several threads in any order. */
  void forEachTile(FloatMatrix a, PackedPanels b, TileSink sink) {
    forEachTile(rows(a), b, sink);
  }

  /**
   * out = a B^T, or out += it. Panels of B^T are packed from those of B a few at a time, for a part
   * of the depth: they never leave the second-level cache.
   */
  void multiplyPackedTransposed(FloatMatrix out, FloatMatrix a, PackedPanels b, Write write) {
    int first = 0;
    do {
      int end = Math.min(b.cols(), first + PART_OF_DEPTH);
      Rows left = rows(a.columnRange(first, end));
      addPart(out, left, b, first / Tiles.PANEL, end - first, first == 0 ? write : Write.ADD);
      first = end;
    } while (first < b.cols());
  }

  private void addPart(
      FloatMatrix out, Rows a, PackedPanels b, int firstPanel, int depth, Write write) {
    int panels = Math.ceilDiv(out.cols(), Tiles.PANEL);
    int groups =
        evenParts(panels, Math.max(chunks(panels, depth), workers.threads() * TASKS_PER_THREAD));
    workers.run(
        groups,
        (group, thread) -> {
          int firstColumn = cut(panels, group, groups) * Tiles.PANEL;
          int endColumn = Math.min(out.cols(), cut(panels, group + 1, groups) * Tiles.PANEL);
          PackedPanels right = scratch.get().panels.reshape(depth, endColumn - firstColumn);
          for (int panel = 0; panel < right.panels(); panel++) {
            right.packTranspose(panel, b, firstColumn, firstPanel);
          }
          TileSink sink = storeIn(out.columnRange(firstColumn, endColumn), write);
          forEachTile(a, 0, a.count(), right, 0, right.panels(), sink);
        });
  }

  void pack(PackedPanels panels, FloatMatrix b, Operand asB) {
    panels.setCols(asB == Operand.AS_IS ? b.cols() : b.rows());
    workers.run(panels.panels(), (panel, thread) -> packPanel(panels, panel, b, asB));
  }

  static void packPanel(PackedPanels panels, int panel, FloatMatrix b, Operand asB) {
    float[] from = HostMemory.floats(b);
    MatrixLayout layout = b.layout();
    if (asB == Operand.AS_IS) {
      panels.packStored(panel, from, row -> layout.index(row, 0));
    } else {
      panels.packTransposed(panel, from, row -> layout.index(row, 0));
    }
  }

  void packRows(PackedPanels panels, FloatMatrix weights, IntMatrix ids) {
    float[] from = HostMemory.floats(weights);
    int[] chosen = HostMemory.ints(ids);
    int firstId = ids.layout().offset();
    MatrixLayout layout = weights.layout();
    panels.setCols(ids.cols());
    workers.run(
        panels.panels(),
        (panel, thread) ->
            panels.packTransposed(panel, from, j -> layout.index(chosen[firstId + j], 0)));
  }

  /**
   * Returns A's rows in place, or a copy where their stride would put them all into one cache set.
   */
  Rows rows(FloatMatrix a) {
    if (a.layout().rowStride() % HARMFUL_STRIDE != 0 || a.rows() < Tiles.HIGH) {
      return Rows.of(a);
    }
    int stride = oddLines(a.cols());
    float[] copy = scratch.get().rows(a.rows() * stride);
    workers.runRows(
        a.rows(),
        LINE,
        i ->
            System.arraycopy(
                HostMemory.floats(a), a.layout().index(i, 0), copy, i * stride, a.cols()));
    return new Rows(copy, 0, stride, a.rows());
  }

  /** Returns the rows of A's transpose, in a copy. */
  private Rows transposed(FloatMatrix a) {
    int stride = oddLines(a.rows());
    float[] copy = scratch.get().rows(a.cols() * stride);
    MatrixLayout layout = a.layout();
    int[] places = Transposition.places(layout.offset(), layout.rowStride(), a.rows());
    workers.run(
        Math.ceilDiv(a.cols(), LINE),
        (block, thread) -> {
          int first = block * LINE;
          int columns = Math.min(LINE, a.cols() - first);
          Transposition.transpose(
              HostMemory.floats(a),
              places,
              0,
              a.rows(),
              first,
              columns,
              copy,
              first * stride,
              stride);
        });
    return new Rows(copy, 0, stride, a.cols());
  }

  private static int oddLines(int length) {
    return (Math.ceilDiv(length, LINE) | 1) * LINE;
  }

  private void multiply(FloatMatrix out, Rows a, PackedPanels b, Write write) {
    forEachTile(a, b, storeIn(out, write));
  }

  private void forEachTile(Rows a, PackedPanels b, TileSink sink) {
    int tiles = Math.ceilDiv(a.count(), Tiles.HIGH);
    int slices = slices(tiles, b.rows());
    int unit = a.count() < Tiles.LOW ? Tiles.ROW_PANELS : 1;
    int units = Math.ceilDiv(b.panels(), unit);
    int parts = a.count() < Tiles.LOW ? units : parts(b, slices);
    workers.run(
        parts * slices,
        (task, thread) -> {
          int part = task / slices;
          int slice = task % slices;
          forEachChunk(
              a,
              cut(tiles, slice, slices) * Tiles.HIGH,
              Math.min(a.count(), cut(tiles, slice + 1, slices) * Tiles.HIGH),
              b,
              cut(units, part, parts) * unit,
              Math.min(b.panels(), cut(units, part + 1, parts) * unit),
              sink);
        });
  }

  /**
   * Returns into how many parts the panels are cut so that each part stays in the second-level
   * cache.
   */
  private static int chunks(int panels, int depth) {
    return Math.ceilDiv(panels, Math.max(1, CHUNK_BYTES / panelBytes(depth)));
  }

  private static int panelBytes(int depth) {
    return Math.max(1, depth) * Tiles.PANEL * Float.BYTES;
  }

  /**
   * Returns into how many slices the tiles of rows are cut: whole tiles, since a cut through one
   * computes its rows twice, and a multiple of the threads, since with one task too many a single
   * thread is busy at the end.
   */
  private int slices(int tiles, int depth) {
    int tileBytes = Math.max(1, depth) * Tiles.HIGH * Float.BYTES;
    int slices = Math.ceilDiv(tiles, Math.max(LEAST_TILES, SLICE_BYTES / tileBytes));
    int even = Math.ceilDiv(slices, workers.threads()) * workers.threads();
    return slices == 1 || even > tiles ? slices : even;
  }

  /** Returns into how many parts the panels are cut: enough that no thread waits for long. */
  private int parts(PackedPanels b, int slices) {
    long bytes = (long) b.panels() * panelBytes(b.rows());
    int inCache = Math.toIntExact(Math.ceilDiv(bytes, PART_BYTES));
    int forThreads = Math.ceilDiv(workers.threads() * TASKS_PER_THREAD, slices);
    return Math.min(b.panels(), Math.max(inCache, forThreads));
  }

  /**
   * Returns the number of parts, {@code atLeast} or more where there are as many panels, that keeps
   * the thread with most panels busy for the shortest time.
   */
  private int evenParts(int panels, int atLeast) {
    int best = Math.min(panels, atLeast);
    for (int parts = best + 1; parts <= Math.min(panels, 3 * atLeast); parts++) {
      if (longest(panels, parts) < longest(panels, best)) {
        best = parts;
      }
    }
    return best;
  }

  /** Returns the most panels that a thread gets when the largest parts all fall to it. */
  private int longest(int panels, int parts) {
    return Math.ceilDiv(parts, workers.threads()) * Math.ceilDiv(panels, parts);
  }

  /** Returns where part {@code part} of {@code parts} equal parts begins. */
  static int cut(int length, int part, int parts) {
    return (int) ((long) length * part / parts);
  }

  /**
   * Computes the product of some rows and some panels on the calling thread, tile by tile, panels
   * in rising order.
   */
  void forEachTile(
      Rows a,
      int firstRow,
      int endRow,
      PackedPanels b,
      int firstPanel,
      int endPanel,
      TileSink sink) {
    float[] tile = scratch.get().tile;
    int height = endRow - firstRow < Tiles.HIGH ? Tiles.LOW : Tiles.HIGH;
    if (endRow - firstRow < Tiles.LOW) {
      for (int row = firstRow; row < endRow; row++) {
        multiplyRow(tile, a, row, b, firstPanel, endPanel, sink);
      }
      return;
    }
    for (int row = firstRow; row < endRow; row += height) {
      int top = Math.min(row, endRow - height);
      for (int panel = firstPanel; panel < endPanel; panel++) {
        Tiles.tile(
            height, b.rows(), a.array, a.row(top), a.stride, b.values(), b.at(panel), tile, 0);
        int column = panel * Tiles.PANEL;
        int width = Math.min(Tiles.PANEL, b.cols() - column);
        int at = (row - top) * Tiles.PANEL;
        sink.accept(tile, at, Tiles.PANEL, row, top + height, column, width);
      }
    }
  }

  private static void multiplyRow(
      float[] tile, Rows a, int row, PackedPanels b, int firstPanel, int endPanel, TileSink sink) {
    int end = Math.min(b.cols(), endPanel * Tiles.PANEL);
    for (int panel = firstPanel; panel < endPanel; panel += Tiles.ROW_PANELS) {
      Tiles.rowTile(b.rows(), a.array, a.row(row), b.values(), b.at(panel), tile, 0);
      int column = panel * Tiles.PANEL;
      int width = Math.min(tile.length, Tiles.ROW_PANELS * Tiles.PANEL);
      sink.accept(tile, 0, width, row, row + 1, column, Math.min(width, end - column));
    }
  }

  private static TileSink storeIn(FloatMatrix out, Write write) {
    float[] to = HostMemory.floats(out);
    MatrixLayout layout = out.layout();
    return (tile, at, stride, firstRow, endRow, column, width) -> {
      int target = layout.index(firstRow, column);
      int rows = endRow - firstRow;
      if (width < Tiles.PANEL || stride > Tiles.PANEL) {
        storeRows(to, target, layout.rowStride(), tile, at, stride, rows, width, write);
      } else if (write == Write.SET) {
        PanelLoops.store(tile, at, rows, to, target, layout.rowStride());
      } else {
        PanelLoops.add(tile, at, rows, to, target, layout.rowStride());
      }
    };
  }

  /** Stores or adds rows of any width. */
  private static void storeRows(
      float[] to,
      int target,
      int targetStride,
      float[] tile,
      int at,
      int stride,
      int rows,
      int width,
      Write write) {
    for (int row = 0; row < rows; row++) {
      int from = at + row * stride;
      int out = target + row * targetStride;
      if (write == Write.SET) {
        System.arraycopy(tile, from, to, out, width);
      } else {
        RowLoops.addScaled(to, out, to, out, tile, from, width, 1);
      }
    }
  }

  /**
   * out[i] = the sum of B's rows with A's elements as factors: no packing where few rows would not
   * repay it.
   */
  private void addUpRows(FloatMatrix out, FloatMatrix a, FloatMatrix b, Write write) {
    float[] factors = HostMemory.floats(a);
    for (int i = 0; i < out.rows(); i++) {
      int at = a.layout().index(i, 0);
      addUpRows(out.row(i), p -> factors[at + p], b, write);
    }
  }

  /** out [1, cols] = the sum of the rows of x. */
  void sumRows(FloatMatrix out, FloatMatrix x, Write write) {
    addUpRows(out, p -> 1, x, write);
  }

  private void addUpRows(FloatMatrix out, RowLoops.Factor factor, FloatMatrix b, Write write) {
    TileSink sink = storeIn(out, write);
    workers.forEachColumnBlock(
        out.cols(),
        (first, width) -> {
          float[] sums = scratch.get().tile;
          Arrays.fill(sums, 0, width, 0);
          RowLoops.addRows(
              sums,
              0,
              width,
              b.rows(),
              factor,
              HostMemory.floats(b),
              p -> b.layout().index(p, first));
          sink.accept(sums, 0, width, 0, 1, first, width);
        });
  }
}
