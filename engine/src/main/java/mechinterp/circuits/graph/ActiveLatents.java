package mechinterp.circuits.graph;

import java.util.Arrays;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.metrics.TextRows;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The active latents of a layer on a prompt, with no more room than the token with the most of them
 * needs.
 */
final class ActiveLatents {
  /** Rows at once: of some kinds any number of latents may be active. */
  private static final int CHUNK = 128;

  private final int[][] latents;
  private final float[][] activations;

  /**
   * Takes the latents.
   *
   * @param latents of each token, rising
   * @param activations of the same
   */
  ActiveLatents(int[][] latents, float[][] activations) {
    this.latents = latents;
    this.activations = activations;
  }

  /** Encodes the tokens of text; special tokens have no latents. */
  static ActiveLatents of(Sae sae, FloatMatrix x, List<TextRows> text) {
    ActiveLatents all = none(x.rows());
    for (TextRows rows : text) {
      for (int from = rows.from(); from < rows.to(); from += CHUNK) {
        all.encode(sae, x, from, Math.min(rows.to(), from + CHUNK));
      }
    }
    return all;
  }

  /** Returns tokens without active latents. */
  static ActiveLatents none(int tokens) {
    int[][] latents = new int[tokens][];
    float[][] activations = new float[tokens][];
    Arrays.fill(latents, new int[0]);
    Arrays.fill(activations, new float[0]);
    return new ActiveLatents(latents, activations);
  }

  private void encode(Sae sae, FloatMatrix x, int from, int to) {
    Device device = sae.device();
    SparseCodes codes = sae.newCodes(to - from);
    sae.encode(codes, x.rowRange(from, to));
    int[] counts = device.toHost(codes.counts());
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    for (int row = 0; row < counts.length; row++) {
      int first = row * codes.capacity();
      latents[from + row] = Arrays.copyOfRange(indices, first, first + counts[row]);
      activations[from + row] = Arrays.copyOfRange(values, first, first + counts[row]);
    }
  }

  int tokens() {
    return latents.length;
  }

  int count(int position) {
    return latents[position].length;
  }

  int latent(int position, int slot) {
    return latents[position][slot];
  }

  float activation(int position, int slot) {
    return activations[position][slot];
  }

  /** Returns the activation of a latent on a token; 0 where it is not active. */
  float activationOf(int position, int latent) {
    int slot = Arrays.binarySearch(latents[position], latent);
    return slot < 0 ? 0 : activations[position][slot];
  }

  /** Returns the number of active latents of all tokens. */
  int total() {
    return Arrays.stream(latents).mapToInt(ofToken -> ofToken.length).sum();
  }

  /** Returns the most active latents of a token, at least 1. */
  int capacity() {
    return Math.max(1, Arrays.stream(latents).mapToInt(ofToken -> ofToken.length).max().orElse(1));
  }

  /** Returns the same on a device. */
  SparseCodes codes(Device device, int dSae) {
    int capacity = capacity();
    int[] counts = new int[tokens()];
    int[] indices = new int[Math.multiplyExact(tokens(), capacity)];
    float[] values = new float[indices.length];
    for (int t = 0; t < counts.length; t++) {
      counts[t] = latents[t].length;
      System.arraycopy(latents[t], 0, indices, t * capacity, counts[t]);
      System.arraycopy(activations[t], 0, values, t * capacity, counts[t]);
    }
    return new SparseCodes(
        device.matrix(counts.length, capacity, indices),
        device.matrix(counts.length, capacity, values),
        device.matrix(counts.length, 1, counts),
        dSae);
  }
}
