package mechinterp.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Searches for a library of the JDK itself, which every machine that runs this test has. */
final class LibrarySearchTest {

  private static final String PROPERTY = "mechinterp.some.library";
  private static final String FILE_NAME = System.mapLibraryName("zip");
  private static final String SYMBOL = "ZIP_CRC32";

  private static final int ELF_MACHINE = 18;
  private static final byte MIPS = 8;

  private static final Path JDK_LIBRARIES =
      Path.of(System.getProperty("java.home"))
          .resolve(System.getProperty("os.name").startsWith("Windows") ? "bin" : "lib");

  @TempDir private Path folder;

  @Test
  void findsTheFileThatThePropertyNames() {
    String file = JDK_LIBRARIES.resolve(FILE_NAME).toString();
    NativeLibrary library = search(Optional.of(file), List.of(), List.of());

    NativeLibrary.Found found = assertInstanceOf(NativeLibrary.Found.class, library);
    assertEquals(file, found.path());
    assertTrue(found.symbols().find(SYMBOL).isPresent());
  }

  @Test
  void triesNothingElseWhenThePropertyNamesAFileThatIsNotThere() {
    Path absent = folder.resolve("absent.so");
    NativeLibrary library =
        search(Optional.of(absent.toString()), List.of(JDK_LIBRARIES), List.of(JDK_LIBRARIES));

    assertEquals(
        FILE_NAME + ": -D" + PROPERTY + "=" + absent + ": no such file", reasonOf(library));
  }

  @Test
  void saysWhyTheNamedFileDoesNotLoad() throws IOException {
    Path file = foreignLibrary();
    String reason = reasonOf(search(Optional.of(file.toString()), List.of(), List.of()));

    assertTrue(reason.contains("-D" + PROPERTY + ": " + file + " does not load"), reason);
    assertFalse(reason.contains("\n"), reason);
  }

  @Test
  void looksInTheLibraryPathBeforeTheUsualFolders() throws IOException {
    foreignLibrary();
    NativeLibrary library = search(Optional.empty(), List.of(JDK_LIBRARIES), List.of(folder));

    assertEquals(
        JDK_LIBRARIES.resolve(FILE_NAME).toString(),
        assertInstanceOf(NativeLibrary.Found.class, library).path());
  }

  @Test
  void goesOnAfterAFileThatDoesNotLoad() throws IOException {
    foreignLibrary();
    NativeLibrary library = search(Optional.empty(), List.of(folder, JDK_LIBRARIES), List.of());

    assertEquals(
        JDK_LIBRARIES.resolve(FILE_NAME).toString(),
        assertInstanceOf(NativeLibrary.Found.class, library).path());
  }

  @Test
  void namesEveryPlaceItLookedAt() {
    Path usual = folder.resolve("usual");
    String reason =
        reasonOf(
            new LibrarySearch(
                    PROPERTY,
                    Optional.empty(),
                    List.of("libmechinterp-absent.so.1", "libmechinterp-absent.so"),
                    List.of(folder),
                    List.of(usual))
                .run());

    assertEquals(
        "libmechinterp-absent.so.1: not found in java.library.path ("
            + folder
            + "), by the system's loader, in "
            + usual
            + "; -D"
            + PROPERTY
            + "=FILE names it",
        reason);
  }

  @Test
  void theSymbolsOfAMissingLibraryCarryTheReason() {
    NativeLibrary missing = new NativeLibrary.Missing("libx.so: not found anywhere");

    assertTrue(missing.symbols().find("f").isEmpty());
    NoSuchElementException error =
        assertThrows(NoSuchElementException.class, () -> missing.symbols().findOrThrow("f"));
    assertEquals("f: libx.so: not found anywhere", error.getMessage());
  }

  /** A library for another machine: its ELF header names one that runs no JVM of this range. */
  private Path foreignLibrary() throws IOException {
    byte[] library = Files.readAllBytes(JDK_LIBRARIES.resolve(FILE_NAME));
    library[ELF_MACHINE] = MIPS;
    return Files.write(folder.resolve(FILE_NAME), library);
  }

  private static NativeLibrary search(
      Optional<String> named, List<Path> libraryPath, List<Path> usualFolders) {
    return new LibrarySearch(PROPERTY, named, List.of(FILE_NAME), libraryPath, usualFolders).run();
  }

  private static String reasonOf(NativeLibrary library) {
    return assertInstanceOf(NativeLibrary.Missing.class, library).reason();
  }
}
