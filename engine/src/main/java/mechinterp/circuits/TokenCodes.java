package mechinterp.circuits;

import java.util.Arrays;
import mechinterp.device.Device;
import mechinterp.tensor.SparseCodes;

/**
 * The active latents of tokens outside of the device, without empty slots: those of row t are at
 * {@code starts[t]} to {@code starts[t + 1] - 1}, by rising index.
 */
final class TokenCodes {
  private final int[] starts;
  private final int[] latents;
  private final float[] values;
  private final int dSae;

  private TokenCodes(int[] starts, int[] latents, float[] values, int dSae) {
    this.starts = starts;
    this.latents = latents;
    this.values = values;
    this.dSae = dSae;
  }

  /** Collects the latents of one row after the other, those of a row by rising index. */
  static final class Builder {
    private final int dSae;
    private int[] starts = new int[16];
    private int[] latents = new int[64];
    private float[] values = new float[64];
    private int rows;
    private int size;

    Builder(int dSae) {
      this.dSae = dSae;
    }

    /** Adds a latent to the present row; a value of 0 is none. */
    void add(int latent, float value) {
      if (value == 0) {
        return;
      }
      if (size == latents.length) {
        latents = Arrays.copyOf(latents, 2 * size);
        values = Arrays.copyOf(values, 2 * size);
      }
      latents[size] = latent;
      values[size] = value;
      size++;
    }

    /** Ends the present row. */
    void endRow() {
      rows++;
      if (rows == starts.length) {
        starts = Arrays.copyOf(starts, 2 * rows);
      }
      starts[rows] = size;
    }

    TokenCodes build() {
      return new TokenCodes(
          Arrays.copyOf(starts, rows + 1),
          Arrays.copyOf(latents, size),
          Arrays.copyOf(values, size),
          dSae);
    }
  }

  /** Makes one value of those of a latent in two codes, 0 where it is not active. */
  @FunctionalInterface
  interface Merge {
    float of(int row, int latent, float mine, float other);
  }

  /** Whether an entry is wanted. */
  @FunctionalInterface
  interface Choice {
    boolean of(int row, int latent);
  }

  int rows() {
    return starts.length - 1;
  }

  /** Returns where the entries of a row begin. */
  int start(int row) {
    return starts[row];
  }

  int end(int row) {
    return starts[row + 1];
  }

  int latent(int entry) {
    return latents[entry];
  }

  float value(int entry) {
    return values[entry];
  }

  /** Returns the most latents of a row. */
  int longestRow() {
    int longest = 0;
    for (int row = 0; row < rows(); row++) {
      longest = Math.max(longest, end(row) - start(row));
    }
    return longest;
  }

  /** Returns codes of the latents that are active in either. */
  TokenCodes merge(TokenCodes other, Merge merge) {
    Builder merged = new Builder(dSae);
    for (int row = 0; row < rows(); row++) {
      int a = start(row);
      int b = other.start(row);
      while (a < end(row) || b < other.end(row)) {
        int mine = a < end(row) ? latents[a] : Integer.MAX_VALUE;
        int its = b < other.end(row) ? other.latents[b] : Integer.MAX_VALUE;
        int latent = Math.min(mine, its);
        float value = mine == latent ? values[a++] : 0;
        float otherValue = its == latent ? other.values[b++] : 0;
        merged.add(latent, merge.of(row, latent, value, otherValue));
      }
      merged.endRow();
    }
    return merged.build();
  }

  /** Returns the entries that are wanted. */
  TokenCodes only(Choice choice) {
    Builder chosen = new Builder(dSae);
    for (int row = 0; row < rows(); row++) {
      for (int i = start(row); i < end(row); i++) {
        if (choice.of(row, latents[i])) {
          chosen.add(latents[i], values[i]);
        }
      }
      chosen.endRow();
    }
    return chosen.build();
  }

  /** Returns the same with all values negative that were positive, and the reverse. */
  TokenCodes negated() {
    float[] negative = values.clone();
    for (int i = 0; i < negative.length; i++) {
      negative[i] = -negative[i];
    }
    return new TokenCodes(starts, latents, negative, dSae);
  }

  /** Returns them on a device. */
  SparseCodes onDevice(Device device) {
    int capacity = Math.max(1, longestRow());
    int[] indices = new int[Math.multiplyExact(rows(), capacity)];
    float[] slots = new float[indices.length];
    int[] counts = new int[rows()];
    for (int row = 0; row < rows(); row++) {
      counts[row] = end(row) - start(row);
      System.arraycopy(latents, start(row), indices, row * capacity, counts[row]);
      System.arraycopy(values, start(row), slots, row * capacity, counts[row]);
    }
    return new SparseCodes(
        device.matrix(rows(), capacity, indices),
        device.matrix(rows(), capacity, slots),
        device.matrix(rows(), 1, counts),
        dSae);
  }
}
