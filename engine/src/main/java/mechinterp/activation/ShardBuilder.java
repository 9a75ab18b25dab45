package mechinterp.activation;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/** Collects rows in memory and hands them on whenever a shard is full. */
final class ShardBuilder {
  private static final int SHARD_BYTES = 1 << 26;

  private final int dIn;
  private final int rowsPerShard;
  private final Output output;
  private float[] activations = new float[0];
  private TokenOrigins origins = TokenOrigins.ofSize(0);
  private int rows;
  private long rowsLeft;

  /** Takes full shards; a shard is its own after that. */
  @FunctionalInterface
  interface Output {
    void add(MemoryShard shard) throws IOException;
  }

  /**
   * Begins the first shard.
   *
   * @param wanted the most rows that will come, so that a small store stays small
   */
  ShardBuilder(int dIn, long wanted, Output output) {
    this(dIn, wanted, Math.max(1, SHARD_BYTES / Float.BYTES / dIn), output);
  }

  ShardBuilder(int dIn, long wanted, int rowsPerShard, Output output) {
    this.dIn = dIn;
    this.rowsPerShard = rowsPerShard;
    this.output = output;
    rowsLeft = wanted;
  }

  /** Adds one row of {@code values}, from index {@code from} on. */
  void add(float[] values, int from, int tokenId, int document, int position) throws IOException {
    if (rows == origins.size()) {
      begin();
    }
    System.arraycopy(values, from, activations, rows * dIn, dIn);
    origins.set(rows, tokenId, document, position);
    rows++;
    if (rows == origins.size()) {
      flush();
    }
  }

  /** Hands on what is left. */
  void finish() throws IOException {
    if (rows > 0) {
      flush();
    }
  }

  private void begin() {
    int size = (int) Math.min(rowsPerShard, rowsLeft);
    activations = new float[Math.multiplyExact(size, dIn)];
    origins = TokenOrigins.ofSize(size);
    rows = 0;
  }

  private void flush() throws IOException {
    boolean full = rows == origins.size();
    float[] values = full ? activations : Arrays.copyOf(activations, rows * dIn);
    TokenOrigins columns = full ? origins : origins.first(rows);
    rowsLeft -= rows;
    rows = 0;
    activations = new float[0];
    origins = TokenOrigins.ofSize(0);
    output.add(new MemoryShard(dIn, values, Optional.of(columns)));
  }
}
