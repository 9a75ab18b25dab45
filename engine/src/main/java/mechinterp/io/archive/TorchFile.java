package mechinterp.io.archive;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.MappedFile;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;

/**
 * A file of {@code torch.save} that holds a state_dict, or dicts, lists and plain values around
 * one: a zip archive with {@code NAME/data.pkl} and the storages {@code NAME/data/0}, ... The
 * pickle is read by an interpreter that knows nothing but values and tensors, so that no code of
 * the file is executed; storages are mapped into memory where they are not compressed.
 *
 * <p>What lies in dicts within dicts has the names of all keys with dots between them: {@code
 * ae.encoder.weight}. Items of lists have their number.
 */
public final class TorchFile implements TensorFile {
  private static final int LARGEST_PICKLE = 2 << 20;
  private static final int DEEPEST = 32;
  private static final int MOST_VALUES = 100_000;
  private static final int LONGEST_NAME = 1000;
  private static final String PICKLE = "/data.pkl";
  private static final String BYTE_ORDER = "/byteorder";
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String source;
  private final Arena arena;
  private final ZipArchive archive;
  private final String folder;
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Map<String, MemorySegment> storages = new HashMap<>();
  private int visitsLeft = MOST_VALUES;

  private record Entry(StridedTensor tensor, String storage) {}

  private TorchFile(String source, Arena arena, ZipArchive archive) throws FormatException {
    this.source = source;
    this.arena = arena;
    this.archive = archive;
    this.folder = folder(source, archive);
  }

  /**
   * Opens a file and reads its pickle; all tensors lie in storages that are there.
   *
   * @throws FormatException when it is no such file, is damaged, or its pickle asks for anything
   *     but values and tensors
   * @throws IOException when it cannot be read
   */
  public static TorchFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    boolean complete = false;
    try {
      String source = path.toString();
      ZipArchive archive = ZipArchive.of(source, MappedFile.map(path, arena));
      TorchFile file = new TorchFile(source, arena, archive);
      file.readPickle();
      complete = true;
      return file;
    } finally {
      if (!complete) {
        arena.close();
      }
    }
  }

  private static String folder(String source, ZipArchive archive) throws FormatException {
    List<String> pickles =
        archive.names().stream()
            .filter(name -> name.endsWith(PICKLE) && name.indexOf('/') == name.lastIndexOf('/'))
            .toList();
    if (pickles.size() != 1) {
      throw new FormatException(
          source,
          "has %d members NAME%s; a file of torch.save has one".formatted(pickles.size(), PICKLE));
    }
    return pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
  }

  private void readPickle() throws FormatException {
    requireLittleEndian();
    ZipMember member = archive.member(folder + PICKLE);
    if (member.size() > LARGEST_PICKLE) {
      throw member.failure(
          "has %d bytes; at most %d are read".formatted(member.size(), LARGEST_PICKLE));
    }
    byte[] pickle = member.content(arena).toArray(ValueLayout.JAVA_BYTE);
    PickleValue content = new PickleReader(source + ": " + member.name(), pickle).read();
    add("", content, 0);
  }

  private void requireLittleEndian() throws FormatException {
    if (!archive.names().contains(folder + BYTE_ORDER)) {
      return;
    }
    ZipMember member = archive.member(folder + BYTE_ORDER);
    String order = new String(member.beginning(16), StandardCharsets.ISO_8859_1);
    if (!order.equals("little")) {
      throw member.failure("is \"%s\"; only \"little\" can be read".formatted(order));
    }
  }

  private void add(String name, PickleValue value, int depth) throws FormatException {
    visitsLeft--;
    if (depth > DEEPEST || visitsLeft < 0 || name.length() > LONGEST_NAME) {
      throw new FormatException(
          source,
          "\"%s\" is value %d at level %d; at most %d values, %d levels and names of %d characters are read"
              .formatted(
                  name, MOST_VALUES - visitsLeft, depth, MOST_VALUES, DEEPEST, LONGEST_NAME));
    }
    switch (value) {
      case PickleValue.Dict dict -> {
        for (Map.Entry<PickleValue, PickleValue> entry : dict.entries().entrySet()) {
          add(join(name, key(entry.getKey())), entry.getValue(), depth + 1);
        }
      }
      case PickleValue.Items list -> addAll(name, list.values(), depth);
      case PickleValue.Tuple tuple -> addAll(name, tuple.items(), depth);
      case PickleValue.View view -> addTensor(name, view);
      case PickleValue.Flag(boolean flag) -> addValue(name, flag);
      case PickleValue.Whole(long number) -> addValue(name, number);
      case PickleValue.Real(double number) -> addValue(name, number);
      case PickleValue.Text(String text) -> addValue(name, text);
      case PickleValue.Nothing _,
          PickleValue.Function _,
          PickleValue.StorageType _,
          PickleValue.Storage _ -> {
        // Nothing that has a name of its own.
      }
    }
  }

  private void addAll(String name, List<PickleValue> items, int depth) throws FormatException {
    for (int i = 0; i < items.size(); i++) {
      add(join(name, Integer.toString(i)), items.get(i), depth + 1);
    }
  }

  private static String key(PickleValue key) {
    return key instanceof PickleValue.Text(String text)
        ? text
        : Long.toString(((PickleValue.Whole) key).value());
  }

  private static String join(String name, String key) {
    return name.isEmpty() ? key : name + "." + key;
  }

  private void addValue(String name, Object value) throws FormatException {
    requireNew(name, values.put(name, value) == null && !tensors.containsKey(name));
  }

  private void addTensor(String name, PickleValue.View view) throws FormatException {
    PickleValue.Storage storage = view.storage();
    DType dtype = storage.dtype();
    ZipMember member = archive.member(folder + "/data/" + storage.key());
    boolean fits =
        member.size() % dtype.bytes() == 0 && member.size() / dtype.bytes() == storage.size();
    if (!fits) {
      throw member.failure(
          "has %d bytes; tensor \"%s\" needs a storage of %d numbers of %s"
              .formatted(member.size(), name, storage.size(), dtype));
    }
    StridedTensor tensor =
        StridedTensor.of(
            source, name, dtype, view.shape(), view.strides(), view.offset(), storage.size());
    Entry entry = new Entry(tensor, member.name());
    requireNew(name, tensors.put(name, entry) == null && !values.containsKey(name));
  }

  private void requireNew(String name, boolean isNew) throws FormatException {
    if (!isNew) {
      throw new FormatException(source, "has \"" + name + "\" twice");
    }
  }

  @Override
  public String source() {
    return source;
  }

  @Override
  public Set<String> tensors() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  /** Returns the texts, numbers (Long, Double) and flags that are no tensors, by their names. */
  public Map<String, Object> values() {
    return Collections.unmodifiableMap(values);
  }

  @Override
  public TensorInfo info(String name) throws FormatException {
    return entry(name).tensor().info();
  }

  /**
   * Returns a whole number: a plain one, or a tensor without dimensions of I32 or I64; empty when
   * there is nothing of that name.
   *
   * @throws FormatException when there is something else
   */
  public Optional<Long> integer(String name) throws FormatException {
    if (values.get(name) instanceof Long number) {
      return Optional.of(number);
    }
    if (!values.containsKey(name) && !tensors.containsKey(name)) {
      return Optional.empty();
    }
    if (!tensors.containsKey(name)) {
      throw new FormatException(
          source, "\"%s\" is %s; it must be a whole number".formatted(name, values.get(name)));
    }
    StridedTensor tensor = entry(name).tensor();
    if (tensor.info().size() == 1 && tensor.info().dtype() == DType.I32) {
      return Optional.of((long) storage(name).get(INT, tensor.offset() * Integer.BYTES));
    }
    if (tensor.info().size() == 1 && tensor.info().dtype() == DType.I64) {
      return Optional.of(storage(name).get(LONG, tensor.offset() * Long.BYTES));
    }
    throw new FormatException(
        source,
        "tensor \"%s\" is %s %s; it must be one whole number"
            .formatted(name, tensor.info().dtype(), tensor.info().shape()));
  }

  @Override
  public void readFloats(TensorInfo info, long first, float[] to, int offset, int count)
      throws FormatException {
    entry(info.name()).tensor().copy(storage(info.name()), first, to, offset, count);
  }

  private synchronized MemorySegment storage(String name) throws FormatException {
    String member = entry(name).storage();
    MemorySegment segment = storages.get(member);
    if (segment == null) {
      segment = archive.member(member).content(arena);
      storages.put(member, segment);
    }
    return segment;
  }

  private Entry entry(String name) throws FormatException {
    Entry entry = tensors.get(name);
    if (entry == null) {
      throw new FormatException(
          source, "has no tensor \"" + name + "\"; its tensors are " + tensors());
    }
    return entry;
  }

  @Override
  public void close() {
    arena.close();
  }
}
