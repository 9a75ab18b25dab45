package mechinterp.kernel;

import java.util.Arrays;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;

/** What is done with the indices of codes: nothing here for vectors to do. */
final class CodeIndices {
  private CodeIndices() {}

  /** {@link Kernels#relabel}. */
  static void relabel(SparseCodes out, SparseCodes codes, IntMatrix ids) {
    int[] from = HostMemory.ints(codes.indices());
    int[] to = HostMemory.ints(out.indices());
    int[] names = HostMemory.ints(ids);
    for (int t = 0; t < codes.rows(); t++) {
      int count = HostMemory.ints(codes.counts())[codes.counts().layout().index(t, 0)];
      int fromAt = codes.indices().layout().index(t, 0);
      int toAt = out.indices().layout().index(t, 0);
      for (int slot = 0; slot < count; slot++) {
        to[toAt + slot] = names[ids.layout().index(0, from[fromAt + slot])];
      }
      Arrays.fill(to, toAt + count, toAt + codes.capacity(), 0);
      System.arraycopy(
          HostMemory.floats(codes.values()),
          codes.values().layout().index(t, 0),
          HostMemory.floats(out.values()),
          out.values().layout().index(t, 0),
          codes.capacity());
      HostMemory.ints(out.counts())[out.counts().layout().index(t, 0)] = count;
    }
  }

  /**
   * Fills {@code out} with the entries of {@code codes}, by latent and within a latent by rising
   * position.
   */
  static void orderByLatent(LatentOrder out, SparseCodes codes) {
    int[] starts = HostMemory.ints(out.starts());
    int first = out.starts().layout().offset();
    Arrays.fill(starts, first, first + out.latents() + 1, 0);
    forEachEntry(codes, (latent, position) -> starts[first + latent + 1]++);
    for (int f = 0; f < out.latents(); f++) {
      starts[first + f + 1] += starts[first + f];
    }
    int[] next = Arrays.copyOfRange(starts, first, first + out.latents());
    int[] positions = HostMemory.ints(out.positions());
    int base = out.positions().layout().offset();
    forEachEntry(codes, (latent, position) -> positions[base + next[latent]++] = position);
  }

  private interface Entry {
    void accept(int latent, int position);
  }

  private static void forEachEntry(SparseCodes codes, Entry entry) {
    IntMatrix counts = codes.counts();
    int[] indices = HostMemory.ints(codes.indices());
    for (int t = 0; t < codes.rows(); t++) {
      int count = HostMemory.ints(counts)[counts.layout().index(t, 0)];
      int row = codes.indices().layout().index(t, 0);
      for (int slot = 0; slot < count; slot++) {
        entry.accept(indices[row + slot], t * codes.capacity() + slot);
      }
    }
  }
}
