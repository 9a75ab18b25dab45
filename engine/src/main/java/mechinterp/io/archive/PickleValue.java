package mechinterp.io.archive;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import mechinterp.io.DType;

/** What a pickle of tensors and plain values can hold. */
sealed interface PickleValue {
  /** Python's {@code None}. */
  record Nothing() implements PickleValue {}

  /** True or false. */
  record Flag(boolean value) implements PickleValue {}

  /** A whole number of at most 64 bits. */
  record Whole(long value) implements PickleValue {}

  /** A float. */
  record Real(double value) implements PickleValue {}

  /** Text. */
  record Text(String value) implements PickleValue {}

  /** A tuple. */
  record Tuple(List<PickleValue> items) implements PickleValue {}

  /** A list; a class of identity, as a list can come to hold itself. */
  final class Items implements PickleValue {
    private final List<PickleValue> values = new ArrayList<>();

    List<PickleValue> values() {
      return values;
    }
  }

  /** A dict whose keys are texts or whole numbers, or an OrderedDict. */
  final class Dict implements PickleValue {
    private final Map<PickleValue, PickleValue> entries = new LinkedHashMap<>();

    Map<PickleValue, PickleValue> entries() {
      return entries;
    }
  }

  /** A function that REDUCE may seem to call; what it would do is done here. */
  enum Function implements PickleValue {
    /** {@code collections.OrderedDict}. */
    ORDERED_DICT,
    /** {@code torch._utils._rebuild_tensor_v2}. */
    REBUILD_TENSOR,
    /** {@code torch._utils._rebuild_parameter}. */
    REBUILD_PARAMETER
  }

  /** A class of storages, such as {@code torch.FloatStorage}. */
  record StorageType(DType dtype) implements PickleValue {}

  /**
   * The numbers that tensors are views of.
   *
   * @param dtype the kind of the numbers
   * @param key the name of the archive's member below {@code data/}
   * @param size how many numbers
   */
  record Storage(DType dtype, String key, long size) implements PickleValue {}

  /**
   * A view of a storage.
   *
   * @param storage where the numbers are
   * @param offset of the first number, counted in numbers
   * @param shape the dimensions
   * @param strides as many as dimensions, counted in numbers
   */
  record View(Storage storage, long offset, List<Long> shape, List<Long> strides)
      implements PickleValue {
    /** Keeps copies. */
    public View {
      shape = List.copyOf(shape);
      strides = List.copyOf(strides);
    }
  }
}
