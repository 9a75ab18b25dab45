package mechinterp.bindings;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The folders in which CUDA libraries may lie. */
final class LibraryFolders {

  /** Where a toolkit keeps its libraries, below its own folder. */
  private static final List<String> IN_TOOLKIT =
      List.of("lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib");

  /** Where distributions and Windows' Linux put the driver and their own toolkit packages. */
  private static final List<String> OF_SYSTEM =
      List.of(
          "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib/wsl/lib");

  private static final Pattern TOOLKIT = Pattern.compile("cuda-(\\d{1,4})\\.(\\d{1,4})");

  private static final ToolkitVersion OLDEST = new ToolkitVersion(11, 8);
  private static final int NEWEST_MAJOR = 13;

  private LibraryFolders() {}

  static List<Path> ofJavaLibraryPath() {
    return split(System.getProperty("java.library.path", ""));
  }

  static List<Path> split(String libraryPath) {
    return Pattern.compile(Pattern.quote(File.pathSeparator))
        .splitAsStream(libraryPath)
        .filter(folder -> !folder.isBlank())
        .distinct()
        .map(Path::of)
        .toList();
  }

  /**
   * The toolkit that the environment names, {@code usr/local/cuda}, then every {@code cuda-X.Y}
   * from 11.8 to 13 with the newest first, then the system's folders.
   *
   * @param root the file system's root; a test gives another
   */
  static List<Path> ofCuda(Path root, Map<String, String> environment) {
    List<Path> toolkits = new ArrayList<>();
    for (String name : List.of("CUDA_HOME", "CUDA_PATH")) {
      Optional.ofNullable(environment.get(name))
          .filter(folder -> !folder.isBlank())
          .ifPresent(folder -> toolkits.add(Path.of(folder)));
    }
    toolkits.add(root.resolve("usr/local/cuda"));
    toolkits.addAll(versionedToolkits(root.resolve("usr/local")));

    List<Path> folders = new ArrayList<>();
    for (Path toolkit : toolkits) {
      IN_TOOLKIT.forEach(folder -> folders.add(toolkit.resolve(folder)));
    }
    OF_SYSTEM.forEach(folder -> folders.add(root.resolve(folder)));
    return folders.stream().distinct().toList();
  }

  private static List<Path> versionedToolkits(Path parent) {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    record Toolkit(Path folder, ToolkitVersion version) {}
    List<Toolkit> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, "cuda-*")) {
      for (Path entry : entries) {
        ToolkitVersion.of(entry)
            .filter(ToolkitVersion::isSupported)
            .ifPresent(version -> found.add(new Toolkit(entry, version)));
      }
    } catch (IOException unreadable) {
      return List.of();
    }
    return found.stream()
        .sorted(Comparator.comparing(Toolkit::version).reversed())
        .map(Toolkit::folder)
        .toList();
  }

  private record ToolkitVersion(int major, int minor) implements Comparable<ToolkitVersion> {

    static Optional<ToolkitVersion> of(Path folder) {
      Matcher matcher = TOOLKIT.matcher(folder.getFileName().toString());
      return matcher.matches()
          ? Optional.of(
              new ToolkitVersion(
                  Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))))
          : Optional.empty();
    }

    boolean isSupported() {
      return compareTo(OLDEST) >= 0 && major <= NEWEST_MAJOR;
    }

    @Override
    public int compareTo(ToolkitVersion other) {
      return Comparator.comparingInt(ToolkitVersion::major)
          .thenComparingInt(ToolkitVersion::minor)
          .compare(this, other);
    }
  }
}
