package mechinterp.activation;

/**
 * Some rows of a store, in their order.
 *
 * @param whole the store
 * @param kept which of its rows
 */
record KeptShard(ActivationStore whole, KeptTokens kept) implements Shard {
  @Override
  public int rows() {
    return kept.count();
  }

  @Override
  public void read(int firstRow, int count, float[] to, int offset) {
    for (int i = 0; i < count; i++) {
      whole.read(kept.token(firstRow + i), 1, to, offset + i * whole.dIn());
    }
  }

  @Override
  public void readOrigins(int firstRow, int count, TokenOrigins to, int offset) {
    for (int i = 0; i < count; i++) {
      whole.origins(kept.token(firstRow + i), 1).copyTo(0, 1, to, offset + i);
    }
  }

  @Override
  public void close() {
    whole.close();
  }
}
