package mechinterp.experiments.megabench;

import mechinterp.activation.ActivationStore;
import mechinterp.device.Device;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/** Goes through a store once, with codes and reconstructions. */
final class TestPass {
  private TestPass() {}

  /**
   * Some tokens.
   *
   * @param first number of the first
   * @param tokens how many
   * @param x their activations, one after the other
   * @param reconstruction the same of what the codes stand for
   * @param indices latents, {@code capacity} places for each token
   * @param counts how many places each token uses
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and read only by a sink
  record Batch(
      int first,
      int tokens,
      float[] x,
      float[] reconstruction,
      int[] indices,
      int[] counts,
      int capacity) {}

  /** Takes some tokens. */
  @FunctionalInterface
  interface Sink {
    void add(Batch batch);
  }

  /**
   * Encodes and reconstructs all activations in their order.
   *
   * @param atOnce tokens of a batch
   */
  static void over(Sae sae, ActivationStore store, int atOnce, Sink sink) {
    Device device = sae.device();
    FloatMatrix x = device.floats(atOnce, store.dIn());
    FloatMatrix reconstruction = device.floats(atOnce, store.dIn());
    SparseCodes codes = sae.newCodes(atOnce);
    float[] rows = new float[Math.multiplyExact(atOnce, store.dIn())];
    float[] made = new float[rows.length];
    for (int first = 0; first < store.tokens(); first += atOnce) {
      int count = Math.min(atOnce, store.tokens() - first);
      store.read(first, count, rows, 0);
      FloatMatrix part = x.rowRange(0, count);
      FloatMatrix decoded = reconstruction.rowRange(0, count);
      SparseCodes active = codes.rowRange(0, count);
      device.upload(part, rows, 0);
      sae.encode(active, part);
      sae.reconstruct(decoded, active, part);
      device.download(made, 0, decoded);
      sink.add(
          new Batch(
              first,
              count,
              rows,
              made,
              device.toHost(active.indices()),
              device.toHost(active.counts()),
              active.capacity()));
    }
  }
}
