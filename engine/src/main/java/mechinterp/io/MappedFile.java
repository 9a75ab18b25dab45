package mechinterp.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files whose bytes are read where they lie. */
public final class MappedFile {
  private MappedFile() {}

  /**
   * Maps a whole file into memory, as long as the arena is open.
   *
   * @throws IOException {@code FILE: cannot be read: REASON}
   */
  public static MemorySegment map(Path path, Arena arena) throws IOException {
    // A pipe would wait for its other end, and what a device holds cannot be mapped.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw FileProblem.reading(path, new IOException("it is not a regular file"));
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (IOException e) {
      throw FileProblem.reading(path, e);
    }
  }
}
