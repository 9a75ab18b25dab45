package mechinterp.analysis;

import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The codes of some rows of a store, on the host; its memory is used again for other rows. */
public final class EncodedBatch {
  private static final long MOST_BYTES = 128L << 20;

  private final Sae sae;
  private final float[] rows;
  private final FloatMatrix input;
  private final SparseCodes codes;
  private final int[] counts;
  private final int[] indices;
  private final float[] values;

  /**
   * Makes an empty batch.
   *
   * @param capacity the most rows
   */
  public EncodedBatch(Sae sae, int capacity) {
    this.sae = sae;
    this.rows = new float[Math.multiplyExact(capacity, sae.config().rowWidth())];
    this.input = sae.device().floats(capacity, sae.config().rowWidth());
    this.codes = sae.newCodes(capacity);
    this.counts = new int[capacity];
    this.indices = new int[Math.multiplyExact(capacity, sae.maxActive())];
    this.values = new float[indices.length];
  }

  /**
   * Returns how many rows to encode at once: {@code wanted}, or fewer where any number of latents
   * may be active and so many rows would take more than 128 MiB.
   */
  public static int capacity(Sae sae, int wanted) {
    return Math.clamp(MOST_BYTES / (Float.BYTES * numbersOfRow(sae)), 1, wanted);
  }

  /** Adds what a batch of {@link #capacity} holds, on the host and on the device. */
  public static MemoryPlan plan(MemoryPlan plan, Sae sae, int wanted) {
    return plan.withMatrix("batch", capacity(sae, wanted), numbersOfRow(sae));
  }

  private static long numbersOfRow(Sae sae) {
    return 2L * (sae.config().rowWidth() + 2L * sae.maxActive() + 1);
  }

  /**
   * Encodes rows that follow each other.
   *
   * @param first the first row's number in the store
   */
  public void encode(ActivationStore store, int first, int count) {
    store.read(first, count, rows, 0);
    encode(count);
  }

  /** Encodes rows whose numbers stand in {@code which} from index {@code from} on. */
  void encode(ActivationStore store, int[] which, int from, int count) {
    store.gather(which, from, count, rows, 0);
    encode(count);
  }

  private void encode(int count) {
    Device device = sae.device();
    FloatMatrix x = input.rowRange(0, count);
    SparseCodes active = codes.rowRange(0, count);
    device.upload(x, rows, 0);
    sae.encode(active, sae.inputs(x));
    device.download(counts, 0, active.counts());
    device.download(indices, 0, active.indices());
    device.download(values, 0, active.values());
  }

  /** Sees an activation above 0. */
  @FunctionalInterface
  public interface Visitor {
    /** Sees it. */
    void visit(int latent, float activation);
  }

  /** Shows the latents that are active on a row of the batch. */
  public void forEachActive(int row, Visitor visitor) {
    int from = row * codes.capacity();
    for (int i = from; i < from + counts[row]; i++) {
      if (values[i] > 0) {
        visitor.visit(indices[i], values[i]);
      }
    }
  }

  /** Returns the activation of a latent on a row of the batch; 0 when it is not active. */
  float activation(int row, int latent) {
    int from = row * codes.capacity();
    for (int i = from; i < from + counts[row]; i++) {
      if (indices[i] == latent) {
        return values[i];
      }
    }
    return 0;
  }
}
