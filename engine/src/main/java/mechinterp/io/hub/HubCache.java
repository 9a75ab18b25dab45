package mechinterp.io.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import mechinterp.io.AtomicFile;
import mechinterp.io.FileProblem;
import mechinterp.io.FormatException;
import mechinterp.io.http.Pause;
import org.jspecify.annotations.Nullable;

/**
 * The cache of the hub's models on this machine, laid out as Python's {@code huggingface_hub} does
 * it, so that both find what the other has fetched: {@code models--OWNER--NAME/} with {@code
 * refs/REVISION} (the commit), {@code blobs/HASH} (contents), {@code snapshots/COMMIT/FILE}
 * (relative symbolic links to contents; the contents themselves where there are no links) and
 * {@code .no_exist/COMMIT/FILE} (files that the hub does not have).
 *
 * <p>Source: docs/hub/local-cache.md of huggingface/hub-docs and file_download.py of
 * huggingface/huggingface_hub 2.4.
 */
public final class HubCache {
  private static final Pattern ETAG = Pattern.compile("[0-9A-Za-z][0-9A-Za-z._=+-]{0,199}");
  private static final Pattern DRIVE = Pattern.compile("[A-Za-z]:.*");
  private static final long LOCK_POLL_MILLIS = 50;

  private final Path root;
  private final Links links;

  /** Makes links; a test puts one that cannot. */
  @FunctionalInterface
  interface Links {
    /** Makes {@code link} point to {@code target}, which is relative to the link's folder. */
    void create(Path link, Path target) throws IOException;
  }

  /** What the cache knows of a file. */
  public sealed interface Entry {
    /** It is here. */
    record Present(Path path) implements Entry {}

    /** The hub has said that there is none. */
    record Absent() implements Entry {}

    /** Only the hub can tell. */
    record Unknown() implements Entry {}
  }

  /** Returns the cache in a folder, which need not be there yet. */
  public HubCache(Path root) {
    this(root, (link, target) -> Files.createSymbolicLink(link, target));
  }

  HubCache(Path root, Links links) {
    this.root = root;
    this.links = links;
  }

  /** Returns the cache that never makes links. */
  static HubCache withoutLinks(Path root) {
    return new HubCache(
        root,
        (link, _) -> {
          throw new UnsupportedOperationException("links are switched off: " + link);
        });
  }

  /** Returns the folder of the cache. */
  public Path root() {
    return root;
  }

  /**
   * Returns the commit that a revision was when the hub was last asked.
   *
   * @throws FormatException when the reference's file does not hold a commit
   */
  public Optional<String> commit(HubName name) throws IOException {
    if (name.isCommit()) {
      return Optional.of(name.revision());
    }
    Path file = reference(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    String commit = read(file).strip();
    if (!HubName.isCommit(commit)) {
      throw new FormatException(
          file.toString(),
          "is \"%s\"; it must be a commit of 40 hexadecimal digits".formatted(commit));
    }
    return Optional.of(commit);
  }

  /**
   * Returns the folder with the files of a revision that are here; some may be missing.
   *
   * @throws FormatException when the reference's file does not hold a commit
   */
  public Optional<Path> snapshot(HubName name) throws IOException {
    return commit(name).map(commit -> snapshot(name, commit)).filter(Files::isDirectory);
  }

  /**
   * Returns what the cache knows of a file.
   *
   * @param file its path in the repository, with slashes
   * @throws IllegalArgumentException when the path leads out of the repository
   * @throws FormatException when the reference's file does not hold a commit
   */
  public Entry file(HubName name, String file) throws IOException {
    Optional<String> commit = commit(name);
    if (commit.isEmpty()) {
      return new Entry.Unknown();
    }
    Path path = pointer(name, commit.get(), file);
    if (Files.exists(path)) {
      return new Entry.Present(path);
    }
    return Files.exists(absence(name, commit.get(), file))
        ? new Entry.Absent()
        : new Entry.Unknown();
  }

  private static String read(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw FileProblem.reading(file, e);
    }
  }

  /** Remembers which commit a revision is; a commit needs no remembering. */
  void writeReference(HubName name, String commit) throws IOException {
    if (name.revision().equals(commit) || commit(name).equals(Optional.of(commit))) {
      return;
    }
    byte[] text = commit.getBytes(StandardCharsets.US_ASCII);
    AtomicFile.write(reference(name), out -> out.write(text));
  }

  /** Remembers that the hub does not have a file. */
  void writeAbsence(HubName name, String commit, String file) throws IOException {
    AtomicFile.write(absence(name, commit, file), _ -> {});
  }

  /**
   * Returns where the content with a hash lies or shall come to lie.
   *
   * @throws HubException when the hash, which comes from the hub, cannot be a file's name
   */
  Path blob(HubName name, String etag) throws HubException {
    if (!ETAG.matcher(etag).matches()) {
      throw new HubException(
          HubException.Problem.DAMAGED,
          "%s: the hub's etag is \"%s\"; it must be a hash".formatted(name, etag));
    }
    return folder(name).resolve("blobs").resolve(etag);
  }

  /**
   * Puts content that is here into a snapshot.
   *
   * @param fresh whether no other snapshot has it yet
   */
  void link(HubName name, String commit, String file, Path blob, boolean fresh) throws IOException {
    Path pointer = pointer(name, commit, file);
    try {
      if (Files.exists(pointer)) {
        return;
      }
      Path folder = parent(pointer);
      Files.createDirectories(folder);
      // A link whose content has been deleted is in the way of a new one.
      Files.deleteIfExists(pointer);
      place(pointer, folder.relativize(blob), blob, fresh);
    } catch (IOException e) {
      throw FileProblem.writing(pointer, e);
    }
  }

  private void place(Path pointer, Path target, Path blob, boolean fresh) throws IOException {
    try {
      links.create(pointer, target);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isSameFile(pointer, blob)) {
        throw e;
      }
    } catch (UnsupportedOperationException | IOException _) {
      placeContent(pointer, blob, fresh);
    }
  }

  /** Without links the content itself stands in the snapshot. */
  private static void placeContent(Path pointer, Path blob, boolean fresh) throws IOException {
    if (fresh) {
      Files.move(blob, pointer, StandardCopyOption.ATOMIC_MOVE);
    } else {
      AtomicFile.write(pointer, out -> Files.copy(blob, out));
    }
  }

  /** What is done while nobody else fetches the same content. */
  @FunctionalInterface
  interface Action {
    void run() throws IOException;
  }

  /**
   * Runs an action under the lock of some content, which other processes and threads of this
   * program respect. Python's library takes its locks by another call of the system, which does not
   * see these; there, as everywhere, only whole files with the right hash take their place.
   */
  void locked(HubName name, String etag, HubListener listener, Action action) throws IOException {
    Path file =
        root.resolve(".locks")
            .resolve(folderName(name))
            .resolve(blob(name, etag).getFileName() + ".lock");
    try {
      Files.createDirectories(parent(file));
    } catch (IOException e) {
      throw FileProblem.writing(file, e);
    }
    try (FileChannel channel = open(file)) {
      FileLock lock = acquire(channel, name, listener);
      try {
        action.run();
      } finally {
        lock.release();
      }
    }
  }

  private static FileChannel open(Path file) throws IOException {
    try {
      return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw FileProblem.writing(file, e);
    }
  }

  private static FileLock acquire(FileChannel channel, HubName name, HubListener listener)
      throws IOException {
    FileLock lock = tryLock(channel);
    if (lock == null) {
      listener.note(name + ": waiting for another program that fetches the same file");
    }
    while (lock == null) {
      Pause.sleep(LOCK_POLL_MILLIS);
      lock = tryLock(channel);
    }
    return lock;
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException _) {
      return null;
    }
  }

  /** Returns the folder of a snapshot, whether it is there or not. */
  Path snapshot(HubName name, String commit) {
    return folder(name).resolve("snapshots").resolve(commit);
  }

  private Path folder(HubName name) {
    return root.resolve(folderName(name));
  }

  private static String folderName(HubName name) {
    return "models--" + name.repository().replace("/", "--");
  }

  private Path reference(HubName name) {
    return inside(folder(name).resolve("refs"), name.revision());
  }

  /** Returns where a file of a snapshot stands. */
  Path pointer(HubName name, String commit, String file) {
    return inside(snapshot(name, commit), file);
  }

  private Path absence(HubName name, String commit, String file) {
    return inside(folder(name).resolve(".no_exist").resolve(commit), file);
  }

  private static Path inside(Path folder, String name) {
    if (!isInside(name)) {
      throw new IllegalArgumentException(
          "file: is \"%s\"; it must be a path within the repository"
              .formatted(name.replaceAll("\\p{Cntrl}", "?")));
    }
    Path path = folder;
    for (String part : name.split("/", -1)) {
      path = path.resolve(part);
    }
    return path;
  }

  /** Returns whether a path leads out of its folder on no operating system. */
  static boolean isInside(String name) {
    return Stream.of(name.split("/", -1)).allMatch(HubCache::isPlain);
  }

  private static boolean isPlain(String part) {
    boolean special = part.isEmpty() || part.equals(".") || part.equals("..");
    return !special
        && !DRIVE.matcher(part).matches()
        && part.chars().noneMatch(c -> c == '\\' || Character.isISOControl(c));
  }

  private static Path parent(Path path) {
    return path.resolveSibling("");
  }
}
