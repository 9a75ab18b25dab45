package mechinterp.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.device.MemoryPlan;
import mechinterp.device.Workspace;
import mechinterp.tensor.FloatMatrix;

/**
 * Keys and values of the tokens that a causal model has seen, so that further tokens of the same
 * sequences need not compute them again. Made by {@link Transformer#newCache}; a run with a cache
 * computes its tokens as the next ones of the cache's sequences and adds theirs.
 */
public final class KeyValueCache {
  private final TransformerConfig config;
  private final int capacity;
  private final int[] lengths;
  private final List<Layer> layers;

  /**
   * What a layer has seen.
   *
   * @param keys rotated [sequences * capacity, n_key_value_heads * d_head]
   * @param values like the keys
   */
  record Layer(FloatMatrix keys, FloatMatrix values) {}

  private KeyValueCache(TransformerConfig config, int sequences, int capacity, List<Layer> layers) {
    this.config = config;
    this.capacity = capacity;
    this.lengths = new int[sequences];
    this.layers = layers;
  }

  static KeyValueCache allocate(
      Device device, TransformerConfig config, int sequences, int capacity) {
    return new KeyValueCache(
        config,
        sequences,
        capacity,
        Workspace.allocate(purpose(config), device, w -> declare(w, config, sequences, capacity)));
  }

  static MemoryPlan plan(Device device, TransformerConfig config, int sequences, int capacity) {
    return Workspace.plan(purpose(config), device, w -> declare(w, config, sequences, capacity));
  }

  private static String purpose(TransformerConfig config) {
    return "key-value cache of " + config.name();
  }

  private static List<Layer> declare(
      Workspace workspace, TransformerConfig config, int sequences, int capacity) {
    int rows = Math.multiplyExact(sequences, capacity);
    int width = config.attention().keyValueWidth();
    List<Layer> layers = new ArrayList<>();
    for (int layer = 0; layer < config.nLayers(); layer++) {
      layers.add(
          new Layer(
              workspace.floats("keys of block " + layer, rows, width),
              workspace.floats("values of block " + layer, rows, width)));
    }
    return layers;
  }

  /** Returns the number of sequences. */
  public int sequences() {
    return lengths.length;
  }

  /** Returns how many tokens of each sequence it can hold. */
  public int capacity() {
    return capacity;
  }

  /** Returns how many tokens of a sequence it holds. */
  public int length(int sequence) {
    return lengths[sequence];
  }

  /**
   * Forgets the tokens of a sequence from {@code length} on, so that it can go on another way.
   *
   * @throws IllegalArgumentException when it holds fewer
   */
  public void truncate(int sequence, int length) {
    if (length < 0 || length > lengths[sequence]) {
      throw new IllegalArgumentException(
          "cache: sequence %d holds %d tokens; it cannot be cut to %d"
              .formatted(sequence, lengths[sequence], length));
    }
    lengths[sequence] = length;
  }

  /** Forgets everything. */
  public void clear() {
    Arrays.fill(lengths, 0);
  }

  TransformerConfig config() {
    return config;
  }

  Layer layer(int layer) {
    return layers.get(layer);
  }

  /** Counts tokens whose keys and values are there now in all layers. */
  void advance(TokenBatch batch) {
    for (int s = 0; s < lengths.length; s++) {
      lengths[s] += batch.end(s) - batch.start(s);
    }
  }
}
