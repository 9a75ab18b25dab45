package mechinterp.activation;

/**
 * Some columns of the rows of another shard: those of hook points that stand side by side. Rows are
 * read whole.
 *
 * @param whole the other shard
 * @param width of its rows
 * @param firstColumn where the columns begin
 * @param columns how many there are
 */
record ColumnShard(Shard whole, int width, int firstColumn, int columns) implements Shard {
  private static final int ROWS_AT_ONCE = 256;

  @Override
  public int rows() {
    return whole.rows();
  }

  @Override
  public void read(int firstRow, int count, float[] to, int offset) {
    float[] part = new float[Math.multiplyExact(Math.min(ROWS_AT_ONCE, count), width)];
    for (int done = 0; done < count; done += ROWS_AT_ONCE) {
      int rows = Math.min(ROWS_AT_ONCE, count - done);
      whole.read(firstRow + done, rows, part, 0);
      for (int i = 0; i < rows; i++) {
        int target = offset + (done + i) * columns;
        System.arraycopy(part, i * width + firstColumn, to, target, columns);
      }
    }
  }

  @Override
  public void readOrigins(int firstRow, int count, TokenOrigins to, int offset) {
    whole.readOrigins(firstRow, count, to, offset);
  }

  @Override
  public void close() {
    whole.close();
  }
}
