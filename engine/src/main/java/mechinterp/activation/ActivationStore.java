package mechinterp.activation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.AtomicFolder;
import mechinterp.io.Sha256;

/**
 * The activations of many tokens at one hook point, [tokens, d_in], in the order of the text: in
 * memory or in mapped files. A store of several hook points has the activations of a token side by
 * side in its row, and d_in is their sum. Numbers are read as the model made them; {@link
 * #shuffled} applies the normalization. Safe for several threads, until {@link #close}.
 */
public final class ActivationStore implements AutoCloseable {
  private static final int ROWS_AT_ONCE = 1024;
  private static final String UNNAMED = "activations in memory";

  private final String name;
  private final int dIn;
  private final int tokens;
  private final Optional<ActivationIdentity> identity;
  private final List<Site> sites;
  private final List<Shard> shards;
  private final int[] firstRows;

  private ActivationStore(
      String name,
      int dIn,
      Optional<ActivationIdentity> identity,
      List<Site> sites,
      List<? extends Shard> shards) {
    this.name = name;
    this.dIn = dIn;
    this.identity = identity;
    this.sites = List.copyOf(sites);
    this.shards = List.copyOf(shards);
    firstRows = new int[shards.size()];
    int rows = 0;
    for (int i = 0; i < firstRows.length; i++) {
      firstRows[i] = rows;
      rows = Math.addExact(rows, shards.get(i).rows());
    }
    tokens = rows;
  }

  /**
   * Wraps activations in memory, [tokens, d_in], of which nothing more is known; the array is not
   * copied.
   *
   * @throws IllegalArgumentException when there is no row, or a number is not finite
   */
  public static ActivationStore inMemory(int dIn, float[] activations) {
    requireRows(dIn, activations);
    MemoryShard shard = new MemoryShard(dIn, activations, Optional.empty());
    return new ActivationStore(
        UNNAMED, dIn, Optional.empty(), List.of(unnamed(dIn)), List.of(shard));
  }

  /**
   * Wraps activations of several hook points in memory, side by side in each row, of which nothing
   * more is known; the array is not copied.
   *
   * @throws IllegalArgumentException when there is no row, or a number is not finite
   */
  public static ActivationStore inMemory(List<Site> sites, float[] activations) {
    int width = Site.width(sites);
    requireRows(width, activations);
    MemoryShard shard = new MemoryShard(width, activations, Optional.empty());
    return new ActivationStore(UNNAMED, width, Optional.empty(), sites, List.of(shard));
  }

  private static Site unnamed(int dIn) {
    return new Site(UNNAMED, dIn, Normalization.NONE);
  }

  /**
   * Wraps activations in memory, [tokens, d_in], and the tokens that they belong to; arrays are not
   * copied.
   *
   * @throws IllegalArgumentException when there is no row, a number is not finite, or the numbers
   *     of rows differ
   */
  public static ActivationStore inMemory(
      int dIn, float[] activations, TokenOrigins origins, ActivationIdentity identity) {
    return inMemory(
        List.of(new Site(identity.hook(), dIn, Normalization.NONE)),
        activations,
        origins,
        identity);
  }

  /**
   * Wraps activations of several hook points in memory, side by side in each row, and the tokens
   * that they belong to; arrays are not copied.
   *
   * @throws IllegalArgumentException when there is no row, a number is not finite, or the numbers
   *     of rows differ
   */
  public static ActivationStore inMemory(
      List<Site> sites, float[] activations, TokenOrigins origins, ActivationIdentity identity) {
    int width = Site.width(sites);
    requireRows(width, activations);
    if (origins.size() != activations.length / width) {
      throw new IllegalArgumentException(
          "activations: %d rows, %d token origins; they must be as many"
              .formatted(activations.length / width, origins.size()));
    }
    MemoryShard shard = new MemoryShard(width, activations, Optional.of(origins));
    return ofShards(identity, sites, List.of(shard));
  }

  private static void requireRows(int dIn, float[] activations) {
    if (dIn < 1 || activations.length == 0 || activations.length % dIn != 0) {
      throw new IllegalArgumentException(
          "activations: %d numbers, d_in is %d; they must be at least one row and whole rows"
              .formatted(activations.length, dIn));
    }
    int wrong = FiniteNumbers.firstOther(activations, 0, activations.length);
    if (wrong >= 0) {
      throw new IllegalArgumentException(
          "activations: row %d, column %d is %s; it must be a finite number"
              .formatted(wrong / dIn, wrong % dIn, activations[wrong]));
    }
  }

  static ActivationStore ofShards(
      ActivationIdentity identity, List<Site> sites, List<? extends Shard> shards) {
    int width = Site.width(sites);
    return new ActivationStore(UNNAMED, width, Optional.of(identity), sites, shards);
  }

  /**
   * Opens a store's folder. All of it is read once: every shard's checksum is compared with the one
   * in {@code store.json}, so what is read later is what was written.
   *
   * @throws mechinterp.io.FormatException naming the file and field, or the shard that is corrupted
   * @throws IOException when a file is missing or cannot be read
   */
  public static ActivationStore open(Path folder) throws IOException {
    StoreFolder.Header header = StoreFolder.header(folder);
    List<MappedShard> shards = new ArrayList<>();
    boolean complete = false;
    try {
      for (StoreFolder.ShardEntry entry : header.shards()) {
        Path file = folder.resolve(entry.file());
        shards.add(MappedShard.ofStore(file, entry.tokens(), header.dIn(), entry.checksum()));
      }
      complete = true;
    } finally {
      if (!complete) {
        shards.forEach(MappedShard::close);
      }
    }
    return new ActivationStore(
        "activation store " + folder,
        header.dIn(),
        Optional.of(header.identity()),
        header.allSites(),
        shards);
  }

  /**
   * Opens a safetensors file with a tensor {@code activations} [n, d_in] of F32, F16, BF16 or F64,
   * of which nothing more is known. All of it is read once.
   *
   * @throws mechinterp.io.FormatException when there is no such tensor, it has no row, or a number
   *     in it is not finite, with row and column
   * @throws IOException when the file is missing or cannot be read
   */
  public static ActivationStore ofSafetensors(Path file) throws IOException {
    MappedShard shard = MappedShard.ofFile(file);
    return new ActivationStore(
        "activations " + file,
        shard.dIn(),
        Optional.empty(),
        List.of(unnamed(shard.dIn())),
        List.of(shard));
  }

  /** Returns what messages call the store. */
  public String name() {
    return name;
  }

  /** Returns the width of an activation. */
  public int dIn() {
    return dIn;
  }

  /** Returns how many tokens there are, at least 1. */
  public int tokens() {
    return tokens;
  }

  /** Returns what the activations are of; empty when they came without it. */
  public Optional<ActivationIdentity> identity() {
    return identity;
  }

  /** Returns the hook points, in the order of their columns; mostly there is one. */
  public List<Site> sites() {
    return sites;
  }

  /** Returns what the activations of the first hook point are to be multiplied with. */
  public Normalization normalization() {
    return sites.getFirst().normalization();
  }

  /**
   * Returns the same activations with another normalization, such as held-out data with that of the
   * training data. Closing one closes both.
   */
  public ActivationStore withNormalization(Normalization other) {
    return withSites(sites.stream().map(site -> site.with(other)).toList());
  }

  /**
   * Returns the same activations with the scales that a method gives to each hook point, for which
   * the whole store may be read once. Closing one closes both.
   *
   * @throws IllegalArgumentException when the scale depends on them and all activations of a hook
   *     point are zero
   */
  public ActivationStore normalized(Normalization.Method method) {
    return normalized(method, KeptTokens.all(tokens));
  }

  /**
   * Returns the same with the scales that a method gives for some activations.
   *
   * @param kept what {@link #withinNorm} of this store returned
   * @throws IllegalArgumentException when the scale depends on them and all of a hook point are
   *     zero
   */
  public ActivationStore normalized(Normalization.Method method, KeptTokens kept) {
    MeanNorms norms = new MeanNorms(sites);
    if (method == Normalization.Method.EXPECTED_AVERAGE_ONLY_IN) {
      forEachRow((token, rows, from) -> {
        if (kept.contains(token)) {
          norms.add(rows, from);
        }
      });
    }
    return withSites(norms.normalized(method));
  }

  /**
   * Returns the same tokens with the activations of some of the hook points alone, which stand side
   * by side. Closing one closes both.
   *
   * @throws IllegalArgumentException when it holds others, or they do not stand side by side
   */
  public ActivationStore at(List<String> hooks) {
    List<String> names = sites.stream().map(Site::hook).toList();
    int first = hooks.isEmpty() ? -1 : Collections.indexOfSubList(names, hooks);
    if (first < 0) {
      throw new IllegalArgumentException(
          "hook: is %s, %s is of %s; it must be some of those, side by side"
              .formatted(String.join(", ", hooks), name, String.join(", ", names)));
    }
    List<Site> own = sites.subList(first, first + hooks.size());
    int column = Site.width(sites.subList(0, first));
    int width = Site.width(own);
    return new ActivationStore(
        name,
        width,
        identity.map(whole -> whole.at(own)),
        own,
        shards.stream().map(shard -> new ColumnShard(shard, dIn, column, width)).toList());
  }

  private ActivationStore withSites(List<Site> others) {
    return new ActivationStore(name, dIn, identity, others, shards);
  }

  /** Multiplies rows with the scales of their hook points. */
  void normalize(float[] rows, int count) {
    Site.normalize(sites, rows, count);
  }

  /**
   * Checks that the activations are of the model, hook and tokenizer expected; those of which
   * nothing is known pass.
   *
   * @throws IllegalArgumentException naming what differs
   */
  public void requireSameSource(ActivationIdentity expected) {
    identity.ifPresent(found -> found.requireSameSource(name, expected));
  }

  /**
   * Copies the activations of {@code count} tokens, from token {@code first} on, into an array from
   * index {@code offset} on.
   *
   * @throws IndexOutOfBoundsException when there are no such tokens, or no room for them
   */
  public void read(int first, int count, float[] to, int offset) {
    Objects.checkFromIndexSize(first, count, tokens);
    Objects.checkFromIndexSize(offset, (long) count * dIn, to.length);
    forEachPart(
        first, count, (shard, row, rows, done) -> shard.read(row, rows, to, offset + done * dIn));
  }

  /**
   * Copies the activations of {@code count} tokens, whose numbers stand in {@code which} from index
   * {@code from} on, into an array from index {@code offset} on.
   *
   * @throws IndexOutOfBoundsException when there are no such tokens, or no room for them
   */
  public void gather(int[] which, int from, int count, float[] to, int offset) {
    Objects.checkFromIndexSize(from, count, which.length);
    Objects.checkFromIndexSize(offset, (long) count * dIn, to.length);
    for (int i = 0; i < count; i++) {
      int row = Objects.checkIndex(which[from + i], tokens);
      int shard = shardOf(row);
      shards.get(shard).read(row - firstRows[shard], 1, to, offset + i * dIn);
    }
  }

  /**
   * Returns which tokens {@code count} rows belong to, from row {@code first} on.
   *
   * @throws IndexOutOfBoundsException when there are no such rows
   * @throws IllegalStateException when the activations came without their tokens
   */
  public TokenOrigins origins(int first, int count) {
    if (identity.isEmpty()) {
      throw new IllegalStateException(
          name + ": has no token data; contexts need a store that was harvested from text");
    }
    Objects.checkFromIndexSize(first, count, tokens);
    TokenOrigins origins = TokenOrigins.ofSize(count);
    forEachPart(
        first, count, (shard, row, rows, done) -> shard.readOrigins(row, rows, origins, done));
    return origins;
  }

  /** Returns the SHA-256 of all activations, which are read for it, and of their normalization. */
  String checksum() {
    Sha256 hash = new Sha256();
    sites.forEach(site -> hash.add(site.normalization().toString()));
    forEachRow((_, rows, from) -> hash.add(rows, from, dIn));
    return hash.end();
  }

  /** Sees a row: d_in numbers of {@code rows} from index {@code from} on. */
  @FunctionalInterface
  interface RowVisitor {
    void visit(int token, float[] rows, int from);
  }

  /** Reads the whole store once, token by token. */
  void forEachRow(RowVisitor visitor) {
    float[] rows = new float[Math.multiplyExact(Math.min(ROWS_AT_ONCE, tokens), dIn)];
    for (int first = 0; first < tokens; first += ROWS_AT_ONCE) {
      int count = Math.min(ROWS_AT_ONCE, tokens - first);
      read(first, count, rows, 0);
      for (int i = 0; i < count; i++) {
        visitor.visit(first + i, rows, i * dIn);
      }
    }
  }

  /**
   * Returns endless shuffled batches, normalised, with the order of each round drawn from {@code
   * seed}.
   */
  public ActivationBatches shuffled(Device device, long seed) {
    return new ShuffledBatches(this, KeptTokens.all(tokens), device, seed);
  }

  /**
   * Returns those activations that are no longer than {@code multiple} times the median norm, at
   * the first hook point where there are several. The whole store is read; that takes 16 bytes a
   * token, what is returned 4.
   *
   * @throws IllegalArgumentException when the multiple is less than 1
   */
  public KeptTokens withinNorm(double multiple) {
    return KeptTokens.withinNorm(this, multiple);
  }

  /**
   * Returns those activations that are no longer than a limit, such as that of the activations that
   * were trained on. The whole store is read.
   */
  public KeptTokens withinNorm(OutlierLimit limit) {
    return KeptTokens.withinNorm(this, limit);
  }

  /**
   * Returns a store of some activations alone, in their order. Closing one closes both.
   *
   * @param kept what {@link #withinNorm} or {@link #first} of this store returned
   * @throws IllegalArgumentException when none is kept
   */
  public ActivationStore only(KeptTokens kept) {
    if (kept.count() == 0) {
      throw new IllegalArgumentException(
          "tokens: of the %d of %s none is kept; at least one must be".formatted(tokens, name));
    }
    return new ActivationStore(name, dIn, identity, sites, List.of(new KeptShard(this, kept)));
  }

  /**
   * Returns the first activations, such as those to train on where the others are held out.
   *
   * @throws IllegalArgumentException when there are none or not as many
   */
  public KeptTokens first(int count) {
    if (count < 1 || count > tokens) {
      throw new IllegalArgumentException(
          "tokens: are %d, %s has %d; they must be at least 1 and no more"
              .formatted(count, name, tokens));
    }
    return KeptTokens.first(tokens, count);
  }

  /**
   * Returns endless shuffled batches as {@link #shuffled(Device, long)} does, of some activations.
   *
   * @param kept what {@link #withinNorm} or {@link #first} of this store returned
   */
  public ActivationBatches shuffled(KeptTokens kept, Device device, long seed) {
    return new ShuffledBatches(this, kept, device, seed);
  }

  /**
   * Writes the store into a new folder, which {@link #open} reads; the folder appears whole or not
   * at all.
   *
   * @throws IllegalStateException when the activations came without their tokens
   * @throws IOException when the disk is full or refuses, or the folder holds something
   */
  public void save(Path folder) throws IOException {
    ActivationIdentity known =
        identity.orElseThrow(
            () -> new IllegalStateException(name + ": has no token data; a store needs it"));
    AtomicFolder.write(
        folder,
        inside -> {
          StoreFolder files = new StoreFolder(inside);
          ShardBuilder builder = new ShardBuilder(dIn, tokens, files::add);
          for (int first = 0; first < tokens; first += ROWS_AT_ONCE) {
            copy(first, Math.min(ROWS_AT_ONCE, tokens - first), builder);
          }
          builder.finish();
          files.finish(known, sites);
        });
  }

  private void copy(int first, int count, ShardBuilder to) throws IOException {
    float[] rows = new float[Math.multiplyExact(count, dIn)];
    read(first, count, rows, 0);
    TokenOrigins origins = origins(first, count);
    for (int i = 0; i < count; i++) {
      to.add(rows, i * dIn, origins.tokenId(i), origins.document(i), origins.position(i));
    }
  }

  /** Unmaps the files; reading afterwards is an {@link IllegalStateException}. */
  @Override
  public void close() {
    shards.forEach(Shard::close);
  }

  @FunctionalInterface
  private interface Part {
    void visit(Shard shard, int firstRow, int rows, int rowsBefore);
  }

  private void forEachPart(int first, int count, Part part) {
    for (int done = 0; done < count; ) {
      int shard = shardOf(first + done);
      int row = first + done - firstRows[shard];
      int rows = Math.min(count - done, shards.get(shard).rows() - row);
      part.visit(shards.get(shard), row, rows, done);
      done += rows;
    }
  }

  private int shardOf(int row) {
    int found = Arrays.binarySearch(firstRows, row);
    return found >= 0 ? found : -found - 2;
  }
}
