package mechinterp.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeSet;

/** Finds the files of a model by what a user calls it. */
final class ModelFinder {
  private ModelFinder() {}

  /**
   * Returns the files of the first of these that there is: a model that comes with the engine or
   * with a Maven artifact, a folder, a GGUF file.
   *
   * @throws IllegalArgumentException when there is none, listing what can be had
   */
  static ModelFiles find(String nameOrPath) throws IOException {
    Optional<ModelFiles> shipped = ShippedFiles.find(nameOrPath);
    if (shipped.isPresent()) {
      return shipped.get();
    }
    Optional<ModelFiles> published = OnnxFiles.published(nameOrPath);
    return published.isPresent() ? published.get() : onDisk(nameOrPath);
  }

  private static ModelFiles onDisk(String nameOrPath) throws IOException {
    Path path = path(nameOrPath).filter(Files::exists).orElseThrow(() -> unknown(nameOrPath));
    return Files.isDirectory(path) ? inFolder(path) : inFile(path);
  }

  private static ModelFiles inFolder(Path folder) throws IOException {
    String name = String.valueOf(folder.toRealPath().getFileName());
    boolean onnxOnly = has(folder, OnnxFiles.GRAPH) && !FolderFiles.hasWeights(folder);
    if (has(folder, FolderFiles.CONFIG) && !onnxOnly) {
      return new FolderFiles(name, folder);
    }
    if (has(folder, OnnxFiles.GRAPH)) {
      return OnnxFiles.in(folder, name);
    }
    throw new IOException(
        "model %s: no file %s with safetensors, and no %s"
            .formatted(folder, FolderFiles.CONFIG, OnnxFiles.GRAPH));
  }

  private static boolean has(Path folder, String file) {
    return Files.exists(folder.resolve(file));
  }

  private static ModelFiles inFile(Path file) {
    String name = String.valueOf(file.getFileName());
    if (!name.endsWith(GgufModel.ENDING)) {
      throw new IllegalArgumentException(
          "model %s: is a file; of files only those that end with %s hold a model"
              .formatted(file, GgufModel.ENDING));
    }
    return new GgufModel(name.substring(0, name.length() - GgufModel.ENDING.length()), file);
  }

  private static IllegalArgumentException unknown(String name) {
    return new IllegalArgumentException(
        "model %s: no model, folder or file of this name; known are %s, folders with %s and safetensors or with %s, and %s files"
            .formatted(
                name,
                String.join(", ", new TreeSet<>(OnnxFiles.published())),
                FolderFiles.CONFIG,
                OnnxFiles.GRAPH,
                GgufModel.ENDING));
  }

  private static Optional<Path> path(String name) {
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
