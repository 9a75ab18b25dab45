package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.SparseCodes;

/** A row of codes that is written from its first slot on. */
final class CodeRow {
  private final int[] latents;
  private final float[] values;
  private final int latentsAt;
  private final int valuesAt;
  private final int capacity;
  private final int[] counts;
  private final int countAt;
  private int count;

  CodeRow(SparseCodes codes, int row) {
    latents = HostMemory.ints(codes.indices());
    values = HostMemory.floats(codes.values());
    latentsAt = codes.indices().layout().index(row, 0);
    valuesAt = codes.values().layout().index(row, 0);
    capacity = codes.capacity();
    counts = HostMemory.ints(codes.counts());
    countAt = codes.counts().layout().index(row, 0);
  }

  /** Returns how many entries the row has had before it was written to. */
  int before() {
    return counts[countAt];
  }

  int latent(int slot) {
    return latents[latentsAt + slot];
  }

  float value(int slot) {
    return values[valuesAt + slot];
  }

  void add(int latent, float value) {
    latents[latentsAt + count] = latent;
    values[valuesAt + count] = value;
    count++;
  }

  /** Adds {@code number} entries from index {@code at} on. */
  void addAll(int[] fromLatents, float[] fromValues, int at, int number) {
    System.arraycopy(fromLatents, at, latents, latentsAt + count, number);
    System.arraycopy(fromValues, at, values, valuesAt + count, number);
    count += number;
  }

  /** Takes over the first {@code number} entries, which are in their slots already. */
  void endAfter(int number) {
    count = number;
    end();
  }

  /** Empties the other slots. */
  void end() {
    Arrays.fill(latents, latentsAt + count, latentsAt + capacity, 0);
    Arrays.fill(values, valuesAt + count, valuesAt + capacity, 0);
    counts[countAt] = count;
  }
}
