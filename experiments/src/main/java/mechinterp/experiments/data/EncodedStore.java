package mechinterp.experiments.data;

import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** The codes of a store's activations, some at a time. */
public final class EncodedStore {
  private static final int AT_ONCE = 1024;

  private EncodedStore() {}

  /**
   * The codes of some tokens.
   *
   * @param first number of the first token
   * @param indices latents, {@code capacity} places for each token
   * @param values their activations
   * @param counts how many places each token uses
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and read only by a sink
  public record Part(int first, int[] indices, float[] values, int[] counts, int capacity) {}

  /** Takes the codes of some tokens. */
  @FunctionalInterface
  public interface Sink {
    void add(Part part);
  }

  /** Encodes all activations in their order. */
  public static void of(Sae sae, ActivationStore store, Sink sink) {
    Device device = sae.device();
    FloatMatrix x = device.floats(AT_ONCE, store.dIn());
    SparseCodes codes = sae.newCodes(AT_ONCE);
    float[] rows = new float[Math.multiplyExact(AT_ONCE, store.dIn())];
    for (int first = 0; first < store.tokens(); first += AT_ONCE) {
      int count = Math.min(AT_ONCE, store.tokens() - first);
      store.read(first, count, rows, 0);
      FloatMatrix part = x.rowRange(0, count);
      device.upload(part, rows, 0);
      SparseCodes active = codes.rowRange(0, count);
      sae.encode(active, part);
      sink.add(
          new Part(
              first,
              device.toHost(active.indices()),
              device.toHost(active.values()),
              device.toHost(active.counts()),
              active.capacity()));
    }
  }
}
