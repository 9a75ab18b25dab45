package mechinterp.io;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file that appears whole or not at all: into a neighbour with a temporary name ({@code
 * .NAME.*.tmp}), which reaches the disk before it takes the file's name in one step.
 */
public final class AtomicFile {
  private static final int BUFFER_BYTES = 1 << 16;

  private AtomicFile() {}

  /** What a file shall hold. */
  @FunctionalInterface
  public interface Content {
    /** Writes the content; the caller closes the stream. */
    void writeTo(OutputStream out) throws IOException;
  }

  /** The disk, for which a test puts one that runs full. */
  @FunctionalInterface
  interface Disk {
    OutputStream create(Path file) throws IOException;
  }

  /**
   * Writes {@code target}, in place of the file that may be there. Missing folders above it are
   * made. When anything fails, the old file stands untouched and nothing else remains.
   *
   * @throws IOException when the content throws it, or {@code FILE: cannot be written: REASON} when
   *     the disk is full or refuses
   */
  public static void write(Path target, Content content) throws IOException {
    write(target, content, file -> Files.newOutputStream(file, StandardOpenOption.CREATE_NEW));
  }

  static void write(Path target, Content content, Disk disk) throws IOException {
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new IOException(target + ": cannot be written: it is there and is not a file");
    }
    Staging staging = Staging.beside(target);
    boolean complete = false;
    try {
      fill(staging.path(), target, content, disk);
      commit(staging, target);
      complete = true;
    } finally {
      if (!complete) {
        staging.discard();
      }
    }
  }

  private static void fill(Path file, Path target, Content content, Disk disk) throws IOException {
    try (OutputStream out = new NamedOutput(target, open(file, target, disk));
        OutputStream buffered = new BufferedOutputStream(out, BUFFER_BYTES)) {
      content.writeTo(buffered);
    }
  }

  private static OutputStream open(Path file, Path target, Disk disk) throws IOException {
    try {
      return disk.create(file);
    } catch (IOException e) {
      throw FileProblem.writing(target, e);
    }
  }

  private static void commit(Staging staging, Path target) throws IOException {
    try {
      Staging.forceFile(staging.path());
      staging.commit();
    } catch (IOException e) {
      throw FileProblem.writing(target, e);
    }
  }

  /** Puts the file's name into failures of the disk, so that they differ from the content's own. */
  private static final class NamedOutput extends FilterOutputStream {
    private final Path target;

    NamedOutput(Path target, OutputStream out) {
      super(out);
      this.target = target;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      try {
        out.write(bytes, from, count);
      } catch (IOException e) {
        throw FileProblem.writing(target, e);
      }
    }

    @Override
    public void close() throws IOException {
      try {
        out.close();
      } catch (IOException e) {
        throw FileProblem.writing(target, e);
      }
    }
  }
}
