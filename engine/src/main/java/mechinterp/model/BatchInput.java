package mechinterp.model;

import mechinterp.device.Device;
import mechinterp.tensor.IntMatrix;

/**
 * A batch on a device.
 *
 * @param ids token ids [1, tokens]
 * @param positions place of each token in its sequence [1, tokens]
 * @param sequenceStarts first row of each sequence, then the number of tokens [1, sequences + 1]
 */
public record BatchInput(IntMatrix ids, IntMatrix positions, IntMatrix sequenceStarts) {
  static BatchInput upload(Device device, TokenBatch batch) {
    return new BatchInput(
        row(device, batch.ids()),
        row(device, batch.positions()),
        row(device, batch.sequenceStarts()));
  }

  private static IntMatrix row(Device device, int[] values) {
    return device.matrix(1, values.length, values);
  }
}
