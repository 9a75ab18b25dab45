package mechinterp.activation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.SafetensorsWriter;

/** The files of a store: {@code store.json} and its shards. */
final class StoreFolder {
  static final String HEADER = "store.json";
  static final int FORMAT_VERSION = 1;

  private static final String DTYPE = "F32";

  /**
   * What {@code store.json} holds.
   *
   * @param normalization of the first hook point
   * @param sites all hook points; left out where there is one
   */
  record Header(
      int formatVersion,
      int dIn,
      int tokens,
      String dtype,
      ActivationIdentity identity,
      Normalization normalization,
      Optional<List<Site>> sites,
      List<ShardEntry> shards) {
    List<Site> allSites() {
      return sites.orElseGet(() -> List.of(new Site(identity.hook(), dIn, normalization)));
    }
  }

  /** What {@code store.json} says of a shard. */
  record ShardEntry(String file, int tokens, String checksum) {}

  private final Path folder;
  private final List<ShardEntry> entries = new ArrayList<>();

  /** Begins to write a store into an empty folder. */
  StoreFolder(Path folder) {
    this.folder = folder;
  }

  /** Writes the next shard. */
  void add(MemoryShard shard) throws IOException {
    String file = shardName(entries.size());
    TokenOrigins origins = shard.origins();
    int rows = shard.rows();
    int dIn = shard.activations().length / rows;
    String checksum =
        new SafetensorsWriter()
            .floats(MappedShard.ACTIVATIONS, shard.activations(), rows, dIn)
            .ints(MappedShard.TOKEN_IDS, origins.tokenIds(), rows)
            .ints(MappedShard.DOCUMENTS, origins.documents(), rows)
            .ints(MappedShard.POSITIONS, origins.positions(), rows)
            .write(folder.resolve(file));
    entries.add(new ShardEntry(file, rows, checksum));
  }

  /** Writes {@code store.json}, after the last shard. */
  void finish(ActivationIdentity identity, List<Site> sites) throws IOException {
    Json.write(
        folder.resolve(HEADER),
        new Header(
            FORMAT_VERSION,
            sites.stream().mapToInt(Site::width).sum(),
            entries.stream().mapToInt(ShardEntry::tokens).sum(),
            DTYPE,
            identity,
            sites.getFirst().normalization(),
            sites.size() == 1 ? Optional.empty() : Optional.of(sites),
            entries));
  }

  /** Reads and checks {@code store.json}. */
  static Header header(Path folder) throws IOException {
    Path file = folder.resolve(HEADER);
    if (!Files.exists(file)) {
      throw new FormatException(
          folder.toString(), "has no " + HEADER + "; an activation store is a folder with one");
    }
    Header header = Json.read(file, Header.class);
    require(
        file,
        header.formatVersion == FORMAT_VERSION,
        "format_version",
        header.formatVersion,
        FORMAT_VERSION);
    require(file, header.dtype.equals(DTYPE), "dtype", header.dtype, DTYPE);
    require(file, header.dIn >= 1, "d_in", header.dIn, "at least 1");
    require(file, header.tokens >= 1, "tokens", header.tokens, "at least 1");
    int widths = header.allSites().stream().mapToInt(Site::width).sum();
    require(file, header.dIn == widths, "d_in", header.dIn, "the sites' sum " + widths);
    long sum = 0;
    for (int i = 0; i < header.shards.size(); i++) {
      ShardEntry shard = header.shards.get(i);
      String at = "shards[" + i + "].";
      require(file, shard.file.equals(shardName(i)), at + "file", shard.file, shardName(i));
      require(file, shard.tokens >= 1, at + "tokens", shard.tokens, "at least 1");
      sum += shard.tokens;
    }
    require(file, sum == header.tokens, "tokens", header.tokens, "the shards' sum " + sum);
    return header;
  }

  private static void require(
      Path file, boolean condition, String field, Object found, Object expected)
      throws FormatException {
    if (!condition) {
      throw new FormatException(
          file.toString(), "field %s is %s; it must be %s".formatted(field, found, expected));
    }
  }

  private static String shardName(int number) {
    return "shard-%05d.safetensors".formatted(number);
  }
}
