package mechinterp.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Writes a folder that appears whole or not at all: as a neighbour with a temporary name ({@code
 * .NAME.*.tmp}), whose files reach the disk before it takes the folder's name.
 */
public final class AtomicFolder {
  private AtomicFolder() {}

  /** What a folder shall hold. */
  @FunctionalInterface
  public interface Content {
    /** Writes files into {@code folder}, which exists and is empty. */
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Writes {@code target}, which must be missing or an empty folder. Missing folders above it are
   * made. When anything fails, nothing remains.
   *
   * @throws IOException when the content throws it, or the target holds something, or the disk
   *     refuses; the message names files by the place where they would have come to be
   */
  public static void write(Path target, Content content) throws IOException {
    requireFree(target);
    writeStaged(target, content, Staging::commit);
  }

  /**
   * Writes {@code target} in place of a folder that holds a file {@code marker}; the marker makes
   * sure that only a folder of the same kind is ever deleted. Between two renames, for a moment,
   * the folder stands under neither its old nor its new content; a crash just then leaves both
   * beside it.
   *
   * @throws IOException as {@link #write} does, and when the target holds something but no marker
   */
  public static void replace(Path target, String marker, Content content) throws IOException {
    if (!Files.exists(target.resolve(marker))) {
      write(target, content);
      return;
    }
    writeStaged(target, content, staging -> staging.commitOver(target.toRealPath()));
  }

  @FunctionalInterface
  private interface Commit {
    void apply(Staging staging) throws IOException;
  }

  private static void writeStaged(Path target, Content content, Commit commit) throws IOException {
    Staging staging = Staging.beside(target);
    boolean complete = false;
    try {
      fill(staging.path(), target, content);
      commit.apply(staging);
      complete = true;
    } finally {
      if (!complete) {
        staging.discard();
      }
    }
  }

  private static void fill(Path folder, Path target, Content content) throws IOException {
    try {
      Files.createDirectory(folder);
      content.writeTo(folder);
      forceFiles(folder);
    } catch (IOException e) {
      String message = Objects.requireNonNullElse(e.getMessage(), "");
      if (e instanceof FormatException || !message.contains(folder.toString())) {
        throw e;
      }
      throw new IOException(message.replace(folder.toString(), target.toString()), e);
    }
  }

  private static void forceFiles(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      List<Path> files = tree.filter(Files::isRegularFile).toList();
      for (Path file : files) {
        Staging.forceFile(file);
      }
    } catch (UncheckedIOException e) {
      throw FileProblem.reading(folder, Objects.requireNonNull(e.getCause()));
    }
  }

  private static void requireFree(Path target) throws IOException {
    if (!Files.exists(target)) {
      return;
    }
    if (!Files.isDirectory(target)) {
      throw new IOException(target + ": is there and is not a folder; a new folder is needed");
    }
    try (Stream<Path> content = Files.list(target)) {
      if (content.findAny().isPresent()) {
        throw new IOException(
            target + ": is there and is not empty; a new or an empty folder is needed");
      }
    }
  }
}
