package mechinterp.io.archive;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.PlainFloats;
import mechinterp.io.TensorInfo;

/**
 * A tensor whose number at [i, j, ...] is number {@code offset + i strides[0] + j strides[1] + ...}
 * of its storage.
 *
 * @param info what it is; its bytes are counted from 0
 * @param strides as many as dimensions
 * @param offset of the first number, counted in numbers
 */
record StridedTensor(TensorInfo info, List<Long> strides, long offset) {
  private static final int MOST_DIMENSIONS = 32;

  StridedTensor {
    strides = List.copyOf(strides);
  }

  /** Returns whether row-major order is the order of the storage. */
  boolean isRowMajor() {
    long expected = 1;
    for (int axis = strides.size() - 1; axis >= 0; axis--) {
      long length = info.shape().get(axis);
      if (length != 1 && strides.get(axis) != expected) {
        return false;
      }
      expected *= length;
    }
    return true;
  }

  /** Copies numbers of the row-major order. */
  void copy(MemorySegment storage, long first, float[] to, int at, int count) {
    Objects.checkFromIndexSize(first, count, info.size());
    Objects.checkFromIndexSize(at, count, to.length);
    if (count == 0) {
      return;
    }
    if (isRowMajor()) {
      int bytes = info.dtype().bytes();
      PlainFloats.copy(
          info.dtype(),
          storage.asSlice((offset + first) * bytes, (long) count * bytes),
          to,
          at,
          count);
      return;
    }
    long rowLength = info.shape().getLast();
    long stride = strides.getLast();
    for (int done = 0; done < count; ) {
      long index = storageIndex(first + done);
      int run = (int) Math.min(rowLength - (first + done) % rowLength, count - done);
      for (int i = 0; i < run; i++) {
        to[at + done + i] = PlainFloats.get(info.dtype(), storage, index + i * stride);
      }
      done += run;
    }
  }

  private long storageIndex(long number) {
    long index = offset;
    long rest = number;
    for (int axis = strides.size() - 1; axis >= 0; axis--) {
      long length = info.shape().get(axis);
      index += rest % length * strides.get(axis);
      rest /= length;
    }
    return index;
  }

  /**
   * Makes a tensor after checking that all of it lies in its storage and that no number is there
   * more often than the storage has numbers.
   *
   * @param numbers how many numbers the storage has
   * @throws FormatException when it does not
   */
  static StridedTensor of(
      String source,
      String name,
      DType dtype,
      List<Long> shape,
      List<Long> strides,
      long offset,
      long numbers)
      throws FormatException {
    if (shape.size() > MOST_DIMENSIONS) {
      throw new FormatException(
          source,
          "tensor \"%s\" has %d dimensions; at most %d are read"
              .formatted(name, shape.size(), MOST_DIMENSIONS));
    }
    long size = sizeWithin(shape, strides, offset, numbers);
    if (size < 0) {
      throw new FormatException(
          source,
          "tensor \"%s\" of shape %s with strides %s from number %d on does not lie in its storage of %d numbers"
              .formatted(name, shape, strides, offset, numbers));
    }
    TensorInfo info = new TensorInfo(name, dtype, shape, 0, size * dtype.bytes());
    return new StridedTensor(info, strides, offset);
  }

  /** Returns how many numbers there are, or -1 when they do not lie in the storage. */
  private static long sizeWithin(List<Long> shape, List<Long> strides, long offset, long numbers) {
    if (strides.size() != shape.size() || offset < 0 || offset > numbers) {
      return -1;
    }
    long size = 1;
    long last = offset;
    try {
      for (int axis = 0; axis < shape.size(); axis++) {
        long length = shape.get(axis);
        long stride = strides.get(axis);
        if (length < 0 || stride < 0) {
          return -1;
        }
        size = Math.multiplyExact(size, length);
        last = Math.addExact(last, Math.multiplyExact(Math.max(0, length - 1), stride));
      }
    } catch (ArithmeticException _) {
      return -1;
    }
    return size == 0 || (last < numbers && size <= numbers) ? size : -1;
  }
}
