package mechinterp.sae.file;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Small autoencoders in the files of other libraries; see sae_golden.py. */
final class GoldenSaes {
  private static final String EXPECTED = "expected.safetensors";

  private GoldenSaes() {}

  static Path root() {
    try {
      return Path.of(Objects.requireNonNull(GoldenSaes.class.getResource("/golden/saes")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the folders of all autoencoders, with what is expected in them. */
  static List<Path> folders() throws IOException {
    try (Stream<Path> files = Files.walk(root())) {
      return files
          .filter(file -> file.endsWith(EXPECTED))
          .map(Path::getParent)
          .filter(Objects::nonNull)
          .sorted()
          .toList();
    }
  }

  static Path expected(Path folder) {
    return folder.resolve(EXPECTED);
  }

  /** Returns the folder, or the file where a single file is the autoencoder. */
  static Path source(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(
              file -> file.toString().matches(".*/(openai\\.pt|.*\\.pth|layer_\\d+\\.safetensors)"))
          .findFirst()
          .orElse(folder);
    }
  }
}
