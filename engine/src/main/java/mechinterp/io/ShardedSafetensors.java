package mechinterp.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a model in one safetensors file or in several, as Hugging Face's transformers
 * saves it: {@code model.safetensors}, or {@code model.safetensors.index.json} whose {@code
 * weight_map} says which file beside it has which tensor. Safe for several threads, until {@link
 * #close}.
 */
public final class ShardedSafetensors implements AutoCloseable {
  /** Name of the file when there is only one. */
  public static final String SINGLE = "model.safetensors";

  /** Name of the file that lists the shards. */
  public static final String INDEX = "model.safetensors.index.json";

  private final String source;
  private final List<SafetensorsFile> files;
  private final Map<String, SafetensorsFile> tensors;

  private ShardedSafetensors(
      String source, List<SafetensorsFile> files, Map<String, SafetensorsFile> tensors) {
    this.source = source;
    this.files = files;
    this.tensors = tensors;
  }

  /**
   * Opens the files of a folder; with both a single file and an index, the single file, as
   * transformers does. Tensors of a shard that the index does not list are left out.
   *
   * @throws FormatException when a file is no safetensors, or the index lists what is not there
   * @throws IOException when a file cannot be read
   */
  public static ShardedSafetensors open(Path folder) throws IOException {
    Path single = folder.resolve(SINGLE);
    Path index = folder.resolve(INDEX);
    if (Files.exists(single)) {
      return of(SafetensorsFile.open(single));
    }
    if (!Files.exists(index)) {
      throw new IOException(folder + ": has neither " + SINGLE + " nor " + INDEX);
    }
    return new Opening(index).open();
  }

  /** Returns the tensors of one file, which {@link #close} closes. */
  public static ShardedSafetensors of(SafetensorsFile file) {
    Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();
    file.tensors().forEach(name -> tensors.put(name, file));
    return new ShardedSafetensors(file.source(), List.of(file), tensors);
  }

  /** Returns the single file or the index, for messages. */
  public String source() {
    return source;
  }

  /** Returns the files that hold tensors. */
  public List<SafetensorsFile> files() {
    return files;
  }

  /** Returns the names of the tensors, in the order of the file or index. */
  public Set<String> tensors() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  /** Returns the size of the data of all files, without their headers, in bytes. */
  public long dataBytes() {
    return files.stream().mapToLong(SafetensorsFile::dataBytes).sum();
  }

  /**
   * Returns the file that holds a tensor.
   *
   * @throws FormatException when there is no tensor of that name
   */
  public SafetensorsFile fileOf(String name) throws FormatException {
    SafetensorsFile file = tensors.get(name);
    if (file == null) {
      throw new FormatException(
          source, "has no tensor \"" + name + "\"; its tensors are " + tensors());
    }
    return file;
  }

  /**
   * Returns where and what a tensor is in {@link #fileOf its file}.
   *
   * @throws FormatException when there is no tensor of that name
   */
  public TensorInfo info(String name) throws FormatException {
    return fileOf(name).info(name);
  }

  /**
   * Returns all numbers of a tensor of F32, F16, BF16 or F64 (rounded to float).
   *
   * @throws FormatException when it is missing, is of another type or too large for an array
   */
  public float[] floats(String name) throws FormatException {
    return fileOf(name).floats(name);
  }

  /**
   * Returns {@code rows} rows of a float tensor, from row {@code firstRow} of its first dimension
   * on.
   *
   * @throws FormatException as {@link #floats(String)} does
   * @throws IndexOutOfBoundsException when there are no such rows
   */
  public float[] floats(String name, long firstRow, long rows) throws FormatException {
    return fileOf(name).floats(name, firstRow, rows);
  }

  /** Closes all files. */
  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }

  /** An index whose shards are being opened. */
  private static final class Opening {
    private final Path index;
    private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    private final Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();

    Opening(Path index) {
      this.index = index;
    }

    ShardedSafetensors open() throws IOException {
      boolean complete = false;
      try {
        JsonField weightMap = JsonField.read(index).at("weight_map");
        for (String name : weightMap.names()) {
          add(name, weightMap.at(name));
        }
        complete = true;
        return new ShardedSafetensors(index.toString(), List.copyOf(shards.values()), tensors);
      } finally {
        if (!complete) {
          shards.values().forEach(SafetensorsFile::close);
        }
      }
    }

    private void add(String name, JsonField shard) throws IOException {
      String fileName = shard.text();
      if (!shards.containsKey(fileName)) {
        shards.put(fileName, openShard(shard));
      }
      SafetensorsFile file = shards.get(fileName);
      if (!file.tensors().contains(name)) {
        throw shard.failure("a file that has this tensor");
      }
      tensors.put(name, file);
    }

    /** A shard lies beside its index: a name that leads elsewhere is not followed. */
    private SafetensorsFile openShard(JsonField shard) throws IOException {
      shard.require(leadsNowhereElse(shard.text()), "the name of a file beside the index");
      Path path = index.resolveSibling(shard.text());
      shard.require(Files.isRegularFile(path), "a file that exists beside the index");
      return SafetensorsFile.open(path);
    }

    private static boolean leadsNowhereElse(String name) {
      boolean special = name.isBlank() || name.equals(".") || name.equals("..");
      return !special && name.chars().noneMatch(c -> c == '/' || c == '\\') && isPath(name);
    }

    private static boolean isPath(String name) {
      try {
        return Path.of(name).getNameCount() == 1;
      } catch (InvalidPathException _) {
        return false;
      }
    }
  }
}
