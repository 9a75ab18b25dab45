package mechinterp.model;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The tiny models that {@code experiments/src/golden/python/model_golden.py} made. */
final class GoldenModels {
  private GoldenModels() {}

  /** Returns the folder of all. */
  static Path folder() {
    try {
      return Path.of(
          Objects.requireNonNull(GoldenModels.class.getResource("/golden/models")).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the folders that have a config.json. */
  static List<Path> huggingFace() throws IOException {
    return withFile("config.json");
  }

  /** Returns the folders that have a GGUF file. */
  static List<Path> gguf() throws IOException {
    return withFile("model.gguf");
  }

  private static List<Path> withFile(String name) throws IOException {
    try (Stream<Path> folders = Files.list(folder())) {
      return folders.filter(folder -> Files.exists(folder.resolve(name))).sorted().toList();
    }
  }
}
