package mechinterp.bindings;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One search for one library. A file that is there but does not load is remembered in the reason,
 * and the search goes on.
 *
 * @param property the system property that names the file, for the reason's advice
 * @param named the file that the property names; nothing else is tried then
 * @param fileNames the library's file names, the best first
 * @param libraryPath the folders to look in before the system's loader is asked
 * @param usualFolders the folders to look in after that
 */
record LibrarySearch(
    String property,
    Optional<String> named,
    List<String> fileNames,
    List<Path> libraryPath,
    List<Path> usualFolders) {

  NativeLibrary run() {
    return named.isPresent() ? loadNamed(named.get()) : searchEverywhere();
  }

  private NativeLibrary loadNamed(String file) {
    List<String> failures = new ArrayList<>();
    return loadFile(Path.of(file), failures)
        .<NativeLibrary>map(found -> found)
        .orElseGet(() ->
            missing(
                failures.isEmpty()
                    ? "-D" + property + "=" + file + ": no such file"
                    : "-D" + property + ": " + String.join("; ", failures)));
  }

  private NativeLibrary searchEverywhere() {
    List<String> failures = new ArrayList<>();
    return loadFrom(libraryPath, failures)
        .or(this::loadBySystem)
        .or(() -> loadFrom(usualFolders, failures))
        .<NativeLibrary>map(found -> found)
        .orElseGet(() -> missing(describeSearch(failures)));
  }

  private Optional<NativeLibrary.Found> loadFrom(List<Path> folders, List<String> failures) {
    for (Path folder : folders) {
      for (String fileName : fileNames) {
        Optional<NativeLibrary.Found> found = loadFile(folder.resolve(fileName), failures);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<NativeLibrary.Found> loadFile(Path file, List<String> failures) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    Path absolute = file.toAbsolutePath();
    try {
      SymbolLookup symbols = SymbolLookup.libraryLookup(absolute, Arena.global());
      return Optional.of(new NativeLibrary.Found(absolute.toString(), symbols));
    } catch (IllegalArgumentException refused) {
      failures.add(absolute + " does not load (" + oneLine(refused) + ")");
      return Optional.empty();
    }
  }

  private Optional<NativeLibrary.Found> loadBySystem() {
    return fileNames.stream().flatMap(fileName -> loadBySystem(fileName).stream()).findFirst();
  }

  private static Optional<NativeLibrary.Found> loadBySystem(String fileName) {
    try {
      SymbolLookup symbols = SymbolLookup.libraryLookup(fileName, Arena.global());
      return Optional.of(new NativeLibrary.Found(fileName, symbols));
    } catch (IllegalArgumentException unknownToTheLoader) {
      return Optional.empty();
    }
  }

  private String describeSearch(List<String> failures) {
    String looked =
        "not found in java.library.path ("
            + join(libraryPath)
            + "), by the system's loader, in "
            + join(usualFolders)
            + "; -D"
            + property
            + "=FILE names it";
    return failures.isEmpty() ? looked : String.join("; ", failures) + "; else " + looked;
  }

  private NativeLibrary.Missing missing(String reason) {
    return new NativeLibrary.Missing(fileNames.getFirst() + ": " + reason);
  }

  private static String join(List<Path> folders) {
    return folders.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }

  private static String oneLine(Exception exception) {
    return String.valueOf(exception.getMessage()).replaceAll("\\s+", " ");
  }
}
