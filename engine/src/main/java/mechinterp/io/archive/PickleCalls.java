package mechinterp.io.archive;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import mechinterp.io.DType;
import mechinterp.io.FormatException;

/** What the few functions and classes that a pickle of tensors names would do. */
final class PickleCalls {
  private static final Map<String, PickleValue> GLOBALS =
      Map.ofEntries(
          Map.entry("collections.OrderedDict", PickleValue.Function.ORDERED_DICT),
          Map.entry("torch._utils._rebuild_tensor_v2", PickleValue.Function.REBUILD_TENSOR),
          Map.entry("torch._utils._rebuild_parameter", PickleValue.Function.REBUILD_PARAMETER),
          Map.entry("torch.FloatStorage", new PickleValue.StorageType(DType.F32)),
          Map.entry("torch.DoubleStorage", new PickleValue.StorageType(DType.F64)),
          Map.entry("torch.HalfStorage", new PickleValue.StorageType(DType.F16)),
          Map.entry("torch.BFloat16Storage", new PickleValue.StorageType(DType.BF16)),
          Map.entry("torch.LongStorage", new PickleValue.StorageType(DType.I64)),
          Map.entry("torch.IntStorage", new PickleValue.StorageType(DType.I32)),
          Map.entry("torch.ShortStorage", new PickleValue.StorageType(DType.I16)),
          Map.entry("torch.CharStorage", new PickleValue.StorageType(DType.I8)),
          Map.entry("torch.ByteStorage", new PickleValue.StorageType(DType.U8)),
          Map.entry("torch.BoolStorage", new PickleValue.StorageType(DType.BOOL)));

  private PickleCalls() {}

  static Optional<PickleValue> global(String module, String name) {
    return Optional.ofNullable(GLOBALS.get(module + "." + name));
  }

  /** Returns what REDUCE gives. */
  static PickleValue call(
      PickleValue function, PickleValue arguments, Function<String, FormatException> failure)
      throws FormatException {
    if (!(function instanceof PickleValue.Function known)
        || !(arguments instanceof PickleValue.Tuple tuple)) {
      throw failure.apply("calls what is no function of tensors");
    }
    List<PickleValue> items = tuple.items();
    return switch (known) {
      case ORDERED_DICT -> {
        require(items.isEmpty(), "makes an OrderedDict of values", failure);
        yield new PickleValue.Dict();
      }
      case REBUILD_PARAMETER -> {
        boolean fits = items.size() == 3 && items.getFirst() instanceof PickleValue.View;
        require(fits, "makes a parameter of what is no tensor", failure);
        yield items.getFirst();
      }
      case REBUILD_TENSOR -> view(items, failure);
    };
  }

  /** (storage, offset, shape, strides, requires_grad, backward_hooks, metadata?). */
  private static PickleValue view(
      List<PickleValue> items, Function<String, FormatException> failure) throws FormatException {
    if (items.size() >= 6
        && items.size() <= 7
        && items.get(0) instanceof PickleValue.Storage storage
        && items.get(1) instanceof PickleValue.Whole(long offset)) {
      return new PickleValue.View(
          storage, offset, longs(items.get(2), failure), longs(items.get(3), failure));
    }
    throw failure.apply("makes a tensor of what is no storage, offset, shape and strides");
  }

  private static List<Long> longs(PickleValue value, Function<String, FormatException> failure)
      throws FormatException {
    require(
        value instanceof PickleValue.Tuple, "has a shape or strides that are no tuple", failure);
    List<Long> longs = new ArrayList<>();
    for (PickleValue item : ((PickleValue.Tuple) value).items()) {
      if (!(item instanceof PickleValue.Whole(long number))) {
        throw failure.apply("has a shape or strides that are no whole numbers");
      }
      longs.add(number);
    }
    return longs;
  }

  /** ('storage', type, key, location, size). */
  static PickleValue storage(PickleValue id, Function<String, FormatException> failure)
      throws FormatException {
    if (id instanceof PickleValue.Tuple(List<PickleValue> items)
        && items.size() == 5
        && items.get(0) instanceof PickleValue.Text(String kind)
        && kind.equals("storage")
        && items.get(1) instanceof PickleValue.StorageType(DType dtype)
        && items.get(2) instanceof PickleValue.Text(String key)
        && items.get(4) instanceof PickleValue.Whole(long size)) {
      return new PickleValue.Storage(dtype, key, size);
    }
    throw failure.apply("refers to what is no storage");
  }

  private static void require(
      boolean condition, String problem, Function<String, FormatException> failure)
      throws FormatException {
    if (!condition) {
      throw failure.apply(problem);
    }
  }
}
