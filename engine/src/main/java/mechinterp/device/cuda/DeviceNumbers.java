package mechinterp.device.cuda;

import mechinterp.tensor.Matrix;
import mechinterp.tensor.Storage;

/**
 * Numbers of 4 bytes in the memory of a GPU.
 *
 * @param buffer the memory
 * @param length how many
 */
record DeviceNumbers(DeviceBuffer buffer, long length) implements Storage {
  @Override
  public String location() {
    return "GPU memory";
  }

  /**
   * Returns where the first number of a matrix is.
   *
   * @throws IllegalArgumentException when it is in no GPU's memory
   */
  static long address(Matrix<?> matrix) {
    return matrix.storage() instanceof DeviceNumbers numbers
        ? numbers.buffer().address() + 4L * matrix.layout().offset()
        : refuse(matrix);
  }

  private static long refuse(Matrix<?> matrix) {
    throw new IllegalArgumentException(
        "%s is in %s; the GPU's kernels need GPU memory"
            .formatted(matrix, matrix.storage().location()));
  }
}
