package mechinterp.activation;

/** A part of a store: rows of activations that lie together, in memory or in a mapped file. */
sealed interface Shard permits MemoryShard, MappedShard, ColumnShard, KeptShard {
  /** Returns how many tokens there are. */
  int rows();

  /** Copies rows into an array, from index {@code offset} on. */
  void read(int firstRow, int count, float[] to, int offset);

  /** Copies which tokens the rows belong to, from row {@code offset} of the target on. */
  void readOrigins(int firstRow, int count, TokenOrigins to, int offset);

  /** Gives the file back, if there is one. */
  void close();
}
