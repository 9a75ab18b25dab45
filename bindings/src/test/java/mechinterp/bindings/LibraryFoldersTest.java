package mechinterp.bindings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LibraryFoldersTest {

  @TempDir private Path root;

  @Test
  void takesToolkitsFrom118To13WithTheNewestFirst() throws IOException {
    for (String name :
        List.of("cuda-12.9", "cuda-12.10", "cuda-11.8", "cuda-11.7", "cuda-13.0", "cuda-14.0")) {
      Files.createDirectories(root.resolve("usr/local").resolve(name));
    }

    List<String> versioned =
        LibraryFolders.ofCuda(root, Map.of()).stream()
            .map(folder -> root.relativize(folder).toString())
            .filter(folder -> folder.startsWith("usr/local/cuda-") && folder.endsWith("lib64"))
            .toList();

    assertEquals(
        List.of(
            "usr/local/cuda-13.0/lib64",
            "usr/local/cuda-12.10/lib64",
            "usr/local/cuda-12.9/lib64",
            "usr/local/cuda-11.8/lib64"),
        versioned);
  }

  @Test
  void looksFirstInTheToolkitThatTheEnvironmentNames() {
    List<Path> folders =
        LibraryFolders.ofCuda(root, Map.of("CUDA_HOME", "/somewhere", "CUDA_PATH", " "));

    assertEquals(Path.of("/somewhere/lib64"), folders.getFirst());
    assertTrue(folders.contains(root.resolve("usr/local/cuda/lib64")));
    assertTrue(folders.contains(root.resolve("usr/lib/x86_64-linux-gnu")));
  }

  @Test
  void splitsALibraryPathAndDropsEmptyAndRepeatedEntries() {
    String path = String.join(File.pathSeparator, "/a", "", "/b c", "/a", "");

    assertEquals(List.of(Path.of("/a"), Path.of("/b c")), LibraryFolders.split(path));
    assertEquals(List.of(), LibraryFolders.split(""));
  }
}
