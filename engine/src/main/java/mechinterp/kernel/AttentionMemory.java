package mechinterp.kernel;

import java.util.EnumMap;
import java.util.Map;
import mechinterp.tensor.FloatMatrix;

/** A thread's memory for attention, kept between calls and grown when needed. */
final class AttentionMemory {
  private static final int PANEL = Tiles.PANEL;

  /** Floats in a cache line. */
  private static final int LINE = 16;

  /** What a buffer holds. */
  enum Buffer {
    KEY_ROWS,
    KEY_COLUMNS,
    VALUE_ROWS,
    VALUE_COLUMNS,
    QUERIES,
    SCORES,
    CAPPED_SCORES,
    RESULTS,
    D_RESULTS,
    D_SCORES,
    D_KEYS,
    D_VALUES,
    LEFT_ROWS,
    ROWS
  }

  private final Map<Buffer, float[]> buffers = new EnumMap<>(Buffer.class);

  /** For each lane of a panel the sum of its exponentials. */
  final float[] sums = new float[PANEL];

  /** For each lane of a panel the first key that it sees. */
  final float[] firstKeys = new float[PANEL];

  /** For each lane of a panel the key behind the last one that it sees. */
  final float[] endKeys = new float[PANEL];

  /** The memory of a tile. */
  final float[] tile = new float[Tiles.HIGH * PANEL];

  /** Returns a buffer of at least {@code length} numbers; whatever was in it may still be. */
  float[] buffer(Buffer buffer, int length) {
    return buffers.compute(
        buffer, (key, kept) -> kept == null || kept.length < length ? new float[length] : kept);
  }

  /** Returns a buffer for a panel of so many rows. */
  float[] panel(Buffer buffer, int rows) {
    return buffer(buffer, Math.multiplyExact(PanelLoops.padded(rows), PANEL));
  }

  /**
   * Returns the row stride of {@link #columns} for so many keys: one that does the cache no harm.
   */
  static int columnStride(int keys) {
    return (Math.ceilDiv(keys, LINE) | 1) * LINE;
  }

  /** Returns keys or values of a block's head as rows without gaps [keys, width]. */
  float[] rows(Buffer buffer, AttentionBlock block, FloatMatrix x, int firstKey, int endKey) {
    int width = x.cols() / block.form().keyValueHeads();
    float[] rows = buffer(buffer, Math.multiplyExact(PanelLoops.padded(endKey - firstKey), width));
    float[] from = HostMemory.floats(x);
    int at = block.place(x, firstKey);
    for (int row = 0; row < endKey - firstKey; row++) {
      System.arraycopy(from, at + row * x.layout().rowStride(), rows, row * width, width);
    }
    return rows;
  }

  /** Returns keys or values of a block's head transposed [width, {@link #columnStride}]. */
  float[] columns(Buffer buffer, AttentionBlock block, FloatMatrix x, int firstKey, int endKey) {
    int width = x.cols() / block.form().keyValueHeads();
    int stride = columnStride(endKey - firstKey);
    float[] columns = buffer(buffer, Math.multiplyExact(PanelLoops.padded(width), stride));
    int[] places =
        Transposition.places(block.place(x, firstKey), x.layout().rowStride(), endKey - firstKey);
    Transposition.transpose(
        HostMemory.floats(x), places, 0, places.length, 0, width, columns, 0, stride);
    return columns;
  }
}
