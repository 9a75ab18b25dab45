package mechinterp.model;

import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.tensor.IntMatrix;

/**
 * A batch on a device.
 *
 * @param ids token ids [1, tokens]
 * @param positions place of each token in its sequence [1, tokens]
 * @param spans the rows of each sequence [sequences, 4]; see {@link
 *     mechinterp.kernel.Kernels#attention}
 * @param maxKeys the most keys of a sequence
 * @param cache where keys and values of earlier tokens are and those of these tokens go
 */
public record BatchInput(
    IntMatrix ids, IntMatrix positions, IntMatrix spans, int maxKeys, Optional<CacheRows> cache) {
  /** Returns a batch of whole sequences. */
  static BatchInput upload(Device device, TokenBatch batch) {
    return new BatchInput(
        row(device, batch.ids()),
        row(device, batch.positions()),
        device.matrix(batch.sequences(), 4, batch.spans()),
        batch.longestSequence(),
        Optional.empty());
  }

  /** Returns a batch of tokens that follow those of a cache. */
  static BatchInput upload(Device device, TokenBatch batch, CacheRows cache) {
    return new BatchInput(
        row(device, batch.ids()),
        row(device, cache.positions()),
        device.matrix(batch.sequences(), 4, cache.spans()),
        cache.longestSequence(),
        Optional.of(cache));
  }

  private static IntMatrix row(Device device, int[] values) {
    return device.matrix(1, values.length, values);
  }
}
