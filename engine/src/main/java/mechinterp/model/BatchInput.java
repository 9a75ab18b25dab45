package mechinterp.model;

import mechinterp.device.Device;
import mechinterp.tensor.IntMatrix;

/**
 * A batch on a device.
 *
 * @param ids token ids [1, tokens]
 * @param positions place of each token in its sequence [1, tokens]
 * @param spans the rows of each sequence [sequences, 4]; see {@link
 *     mechinterp.kernel.Kernels#attention}
 */
public record BatchInput(IntMatrix ids, IntMatrix positions, IntMatrix spans) {
  static BatchInput upload(Device device, TokenBatch batch) {
    return new BatchInput(
        row(device, batch.ids()),
        row(device, batch.positions()),
        device.matrix(batch.sequences(), 4, batch.spans()));
  }

  private static IntMatrix row(Device device, int[] values) {
    return device.matrix(1, values.length, values);
  }
}
