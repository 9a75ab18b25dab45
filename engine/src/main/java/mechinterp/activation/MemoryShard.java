package mechinterp.activation;

import java.util.Optional;

/** Rows in memory. */
final class MemoryShard implements Shard {
  private final int dIn;
  private final float[] activations;
  private final Optional<TokenOrigins> origins;

  /** Wraps the arrays without copying them. */
  MemoryShard(int dIn, float[] activations, Optional<TokenOrigins> origins) {
    this.dIn = dIn;
    this.activations = activations;
    this.origins = origins;
  }

  float[] activations() {
    return activations;
  }

  TokenOrigins origins() {
    return origins.orElseThrow();
  }

  @Override
  public int rows() {
    return activations.length / dIn;
  }

  @Override
  public void read(int firstRow, int count, float[] to, int offset) {
    System.arraycopy(activations, firstRow * dIn, to, offset, count * dIn);
  }

  @Override
  public void readOrigins(int firstRow, int count, TokenOrigins to, int offset) {
    origins().copyTo(firstRow, count, to, offset);
  }

  @Override
  public void close() {}
}
