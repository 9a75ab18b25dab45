package mechinterp.analysis;

import java.util.ArrayList;
import java.util.List;

/**
 * For each latent the documents with the largest activations, and in each of them the token that
 * has it; of equal activations the one that came first. Exact in one pass: a document that was
 * dropped had been beaten by others, whose best activations only grow.
 */
final class TopActivations {
  private final int capacity;
  private final int[] sizes;
  private final float[] activations;
  private final int[] rows;
  private final int[] documents;

  TopActivations(int latents, int capacity) {
    this.capacity = capacity;
    this.sizes = new int[latents];
    int slots = Math.multiplyExact(latents, capacity);
    this.activations = new float[slots];
    this.rows = new int[slots];
    this.documents = new int[slots];
  }

  static long bytes(int latents, int capacity) {
    return Integer.BYTES * (long) latents * (1 + 3L * capacity);
  }

  /** Adds an activation; rows come in rising order. */
  void add(int latent, float activation, int row, int document) {
    int first = latent * capacity;
    int size = sizes[latent];
    if (size == capacity && activation <= activations[first + size - 1]) {
      return;
    }
    int free = slotOf(document, first, size);
    if (free < first + size && activation <= activations[free]) {
      return;
    }
    if (free == first + size) {
      free = Math.min(free, first + capacity - 1);
      sizes[latent] = Math.min(size + 1, capacity);
    }
    insert(first, free, activation, row, document);
  }

  private int slotOf(int document, int first, int size) {
    int slot = first;
    while (slot < first + size && documents[slot] != document) {
      slot++;
    }
    return slot;
  }

  /** Moves what is smaller up to {@code free}, whose content may be lost, and fills the gap. */
  private void insert(int first, int free, float activation, int row, int document) {
    int slot = free;
    while (slot > first && activations[slot - 1] < activation) {
      activations[slot] = activations[slot - 1];
      rows[slot] = rows[slot - 1];
      documents[slot] = documents[slot - 1];
      slot--;
    }
    activations[slot] = activation;
    rows[slot] = row;
    documents[slot] = document;
  }

  /** Returns a latent's peaks, the strongest first. */
  List<Peak> of(int latent) {
    List<Peak> peaks = new ArrayList<>();
    for (int i = latent * capacity; i < latent * capacity + sizes[latent]; i++) {
      peaks.add(new Peak(rows[i], documents[i], activations[i]));
    }
    return peaks;
  }
}
