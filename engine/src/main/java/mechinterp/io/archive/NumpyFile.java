package mechinterp.io.archive;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.io.FormatException;
import mechinterp.io.MappedFile;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorInfo;

/**
 * The arrays of a {@code .npz} file of NumPy: a zip archive with a {@code NAME.npy} for each,
 * stored (then mapped into memory) or deflated (then inflated when it is first read). Numbers are
 * little-endian floats of 16, 32 or 64 bits or whole numbers of 32 or 64, in row-major order or in
 * Fortran's. Arrays of Python objects, which are pickles, are refused.
 */
public final class NumpyFile implements TensorFile {
  private static final String SUFFIX = ".npy";

  private final String source;
  private final Arena arena;
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final Map<String, MemorySegment> contents = new HashMap<>();

  private record Entry(StridedTensor tensor, ZipMember member, int headerBytes) {}

  private NumpyFile(String source, Arena arena) {
    this.source = source;
    this.arena = arena;
  }

  /**
   * Opens a file and reads the headers of all arrays.
   *
   * @throws FormatException when it is no such file, is damaged, or an array has numbers of another
   *     kind
   * @throws IOException when it cannot be read
   */
  public static NumpyFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    boolean complete = false;
    try {
      NumpyFile file = new NumpyFile(path.toString(), arena);
      ZipArchive archive = ZipArchive.of(file.source, MappedFile.map(path, arena));
      for (String name : archive.names()) {
        file.add(archive.member(name));
      }
      complete = true;
      return file;
    } finally {
      if (!complete) {
        arena.close();
      }
    }
  }

  private void add(ZipMember member) throws FormatException {
    if (!member.name().endsWith(SUFFIX)) {
      throw member.failure("is no array; every member of a .npz file is a NAME" + SUFFIX);
    }
    String name = member.name().substring(0, member.name().length() - SUFFIX.length());
    NpyHeader header =
        NpyHeader.parse(source + ": " + member.name(), member.beginning(NpyHeader.LARGEST));
    long data = member.size() - header.bytes();
    StridedTensor tensor =
        StridedTensor.of(
            source,
            name,
            header.dtype(),
            header.shape(),
            strides(header),
            0,
            data / header.dtype().bytes());
    long needed = tensor.info().size() * header.dtype().bytes();
    if (needed != data) {
      throw member.failure(
          "has %d bytes of data; shape %s of %s needs %d"
              .formatted(data, header.shape(), header.dtype(), needed));
    }
    tensors.put(name, new Entry(tensor, member, header.bytes()));
  }

  /** Wraps around for shapes that are too large, which then lie in no data. */
  private static List<Long> strides(NpyHeader header) {
    List<Long> shape = header.fortranOrder() ? header.shape() : header.shape().reversed();
    List<Long> strides = new ArrayList<>();
    long stride = 1;
    for (long length : shape) {
      strides.add(stride);
      stride *= Math.max(1, length);
    }
    return header.fortranOrder() ? strides : strides.reversed();
  }

  @Override
  public String source() {
    return source;
  }

  @Override
  public Set<String> tensors() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  @Override
  public TensorInfo info(String name) throws FormatException {
    return entry(name).tensor().info();
  }

  @Override
  public void readFloats(TensorInfo info, long first, float[] to, int offset, int count)
      throws FormatException {
    Entry entry = entry(info.name());
    entry.tensor().copy(numbers(entry), first, to, offset, count);
  }

  private synchronized MemorySegment numbers(Entry entry) throws FormatException {
    String name = entry.member().name();
    MemorySegment content = contents.get(name);
    if (content == null) {
      content = entry.member().content(arena);
      contents.put(name, content);
    }
    return content.asSlice(entry.headerBytes());
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
