package mechinterp.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A temporary neighbour of a target, which becomes the target or disappears without a trace. */
final class Staging {
  private final Path target;
  private final Path path;
  private final List<Path> createdFolders;

  private Staging(Path target, Path path, List<Path> createdFolders) {
    this.target = target;
    this.path = path;
    this.createdFolders = createdFolders;
  }

  /**
   * Makes the missing folders above the target; the neighbour itself is not made yet.
   *
   * @throws IOException naming the target, when there is no place for it
   */
  static Staging beside(Path target) throws IOException {
    try {
      return place(target);
    } catch (IOException e) {
      throw FileProblem.writing(target, e);
    }
  }

  private static Staging place(Path target) throws IOException {
    Path absolute = target.toAbsolutePath();
    if (absolute.getFileName() == null) {
      throw new IOException(target + ": cannot be written: it has no name");
    }
    Path real = Files.exists(absolute) ? absolute.toRealPath() : absolute;
    String name = "." + real.getFileName() + "." + UUID.randomUUID() + ".tmp";
    return new Staging(real, real.resolveSibling(name), createFolders(parent(real)));
  }

  private static Path parent(Path path) throws IOException {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IOException(path + ": cannot be written: there is no folder above it");
    }
    return parent;
  }

  private static List<Path> createFolders(Path folder) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path at = folder; at != null && !Files.exists(at); at = at.getParent()) {
      missing.add(at);
    }
    Files.createDirectories(folder);
    return missing;
  }

  Path path() {
    return path;
  }

  /** Gives the neighbour the target's name; a file or an empty folder there is replaced. */
  void commit() throws IOException {
    Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
    forceFolder(parent(target));
  }

  /** Gives the neighbour the target's name; a whole folder there is replaced. */
  void commitOver(Path present) throws IOException {
    Path old = target.resolveSibling(path.getFileName() + ".old");
    Files.move(present, old, StandardCopyOption.ATOMIC_MOVE);
    try {
      commit();
    } catch (IOException e) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
    deleteTree(old);
  }

  /** Deletes the neighbour and the folders made for it, as far as the file system lets it. */
  void discard() {
    try {
      deleteTree(path);
      for (Path folder : createdFolders) {
        Files.deleteIfExists(folder);
      }
    } catch (IOException _) {
      // The failure that led here is the one to report; what cannot be deleted keeps its .tmp name.
    }
  }

  /** Waits until a file's content is on the disk. */
  static void forceFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // Some systems cannot open a folder; there the rename reaches the disk when they see fit.
    }
  }

  private static void deleteTree(Path root) throws IOException {
    if (Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      Files.walkFileTree(root, new Deletion());
    }
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
        throws IOException {
      if (failure != null) {
        throw failure;
      }
      Files.delete(folder);
      return FileVisitResult.CONTINUE;
    }
  }
}
