package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicWritingTest {
  @TempDir Path folder;

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void text(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A disk that takes so many bytes and then has no room. */
  private static AtomicFile.Disk diskOf(long bytes) {
    return file ->
        new FilterOutputStream(Files.newOutputStream(file)) {
          private long left = bytes;

          @Override
          public void write(byte[] data, int from, int count) throws IOException {
            if (count > left) {
              out.write(data, from, (int) left);
              throw new IOException("No space left on device");
            }
            left -= count;
            out.write(data, from, count);
          }
        };
  }

  @Test
  void aFileIsWrittenAndReplaced() throws IOException {
    Path file = folder.resolve("a.txt");
    AtomicFile.write(file, out -> text(out, "first"));
    AtomicFile.write(file, out -> text(out, "second"));
    assertEquals("second", Files.readString(file));
    assertEquals(List.of("a.txt"), names(folder));
  }

  @Test
  void missingFoldersAreMade() throws IOException {
    Path file = folder.resolve("a/b/c.txt");
    AtomicFile.write(file, out -> text(out, "deep"));
    assertEquals("deep", Files.readString(file));
  }

  @Test
  void aFullDiskIsNamedAndLeavesNothing() throws IOException {
    Path file = folder.resolve("new/a.bin");
    String message =
        Refusal.of(
            IOException.class,
            () -> AtomicFile.write(file, out -> out.write(new byte[300_000]), diskOf(200_000)));
    assertEquals(file + ": cannot be written: No space left on device", message);
    assertEquals(List.of(), names(folder));
  }

  @Test
  void aDiskThatFillsAtTheLastByteLeavesTheOldFile() throws IOException {
    Path file = folder.resolve("a.txt");
    Files.writeString(file, "old");
    String message =
        Refusal.of(
            IOException.class,
            () -> AtomicFile.write(file, out -> text(out, "new text"), diskOf(7)));
    assertTrue(message.startsWith(file.toString()), message);
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("a.txt"), names(folder));
  }

  @Test
  void failuresOfTheContentPassUnchanged() throws IOException {
    Path file = folder.resolve("a.txt");
    IOException io = new IOException("source.txt: cannot be read");
    assertEquals(
        io,
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      text(out, "half");
                      throw io;
                    })));
    assertThrows(
        OutOfMemoryError.class,
        () ->
            AtomicFile.write(
                file,
                out -> {
                  text(out, "half");
                  throw new OutOfMemoryError("thrown by a test");
                }));
    assertEquals(List.of(), names(folder));
  }

  @Test
  void aFolderOrADeviceIsNotOverwritten() throws IOException {
    Path target = Files.createDirectory(folder.resolve("a"));
    String message =
        Refusal.of(IOException.class, () -> AtomicFile.write(target, out -> text(out, "x")));
    assertEquals(target + ": cannot be written: it is there and is not a file", message);
    assertTrue(Files.isDirectory(target));
  }

  @Test
  void aLinkStaysALink() throws IOException {
    Path file = folder.resolve("real.txt");
    Files.writeString(file, "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.txt"), file);
    AtomicFile.write(link, out -> text(out, "new"));
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(file));
  }

  @Test
  void aFileInTheWayOfAFolderIsNamed() throws IOException {
    Path file = folder.resolve("a");
    Files.writeString(file, "x");
    Path below = file.resolve("b.txt");
    String message =
        Refusal.of(IOException.class, () -> AtomicFile.write(below, out -> text(out, "x")));
    assertTrue(message.startsWith(below + ": cannot be written: "), message);
  }

  @Test
  void aFolderAppearsWhole() throws IOException {
    Path target = folder.resolve("store");
    AtomicFolder.write(
        target,
        inside -> {
          assertFalse(Files.exists(target));
          Files.writeString(inside.resolve("a"), "1");
          Files.createDirectory(inside.resolve("sub"));
          Files.writeString(inside.resolve("sub/b"), "2");
        });
    assertEquals(List.of("a", "sub"), names(target));
    assertEquals(List.of("store"), names(folder));
  }

  @Test
  void anEmptyFolderMayBeFilledAndAFullOneMayNot() throws IOException {
    Path target = Files.createDirectory(folder.resolve("store"));
    AtomicFolder.write(target, inside -> Files.writeString(inside.resolve("a"), "1"));
    String message =
        Refusal.of(
            IOException.class,
            () ->
                AtomicFolder.write(target, inside -> Files.writeString(inside.resolve("b"), "2")));
    assertEquals(
        target + ": is there and is not empty; a new or an empty folder is needed", message);
    assertEquals(List.of("a"), names(target));
  }

  @Test
  void aFolderThatFailsLeavesNothingAndNamesWhatTheUserKnows() throws IOException {
    Path target = folder.resolve("x/store");
    String message =
        Refusal.of(
            IOException.class,
            () ->
                AtomicFolder.write(
                    target,
                    inside ->
                        AtomicFile.write(
                            inside.resolve("shard"), out -> out.write(new byte[9]), diskOf(4))));
    assertEquals(target.resolve("shard") + ": cannot be written: No space left on device", message);
    assertEquals(List.of(), names(folder));
  }

  @Test
  void onlyAFolderWithTheMarkerIsReplaced() throws IOException {
    Path target = folder.resolve("run");
    AtomicFolder.Content content = inside -> Files.writeString(inside.resolve("run.json"), "new");
    AtomicFolder.write(target, inside -> Files.writeString(inside.resolve("precious"), "x"));
    assertThrows(IOException.class, () -> AtomicFolder.replace(target, "run.json", content));
    assertEquals(List.of("precious"), names(target));
    Files.writeString(target.resolve("run.json"), "old");
    AtomicFolder.replace(target, "run.json", content);
    assertEquals(List.of("run.json"), names(target));
    assertEquals("new", Files.readString(target.resolve("run.json")));
    assertEquals(List.of("run"), names(folder));
  }

  @Test
  void aReplacementThatFailsLeavesTheOldFolder() throws IOException {
    Path target = folder.resolve("run");
    AtomicFolder.write(target, inside -> Files.writeString(inside.resolve("run.json"), "old"));
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFolder.replace(
                target,
                "run.json",
                inside -> {
                  throw new IllegalStateException("thrown by a test");
                }));
    assertEquals("old", Files.readString(target.resolve("run.json")));
    assertEquals(List.of("run"), names(folder));
  }
}
