package mechinterp.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import mechinterp.io.hub.HubException;
import mechinterp.io.hub.HubName;
import mechinterp.io.hub.PackageName;
import mechinterp.io.hub.PackagedModels;
import mechinterp.io.hub.PublishedModels;

/** Finds the files of a model by what a user calls it. */
final class ModelFinder {
  /** What can only be the path of a file or folder, not a name on the hub. */
  private static final Pattern PATH = Pattern.compile("[./~].*|.*\\\\.*|.*/.*/.*|.*\\.gguf");

  private final RemoteModels remote;

  ModelFinder(RemoteModels remote) {
    this.remote = remote;
  }

  /** Which files are wanted. */
  enum Part {
    /** All that a model needs. */
    MODEL,
    /** What its tokenizer needs. */
    TOKENIZER
  }

  /**
   * Returns the files of the first of these that there is: a model that comes with the engine, one
   * that a Maven artifact or, with {@value PackagedModels#PREFIX} before its name, a Python package
   * publishes, a folder, a GGUF file, a model of the hub.
   *
   * @throws IllegalArgumentException when there is none, listing what can be had
   * @throws HubException when the hub has it but does not give it
   */
  ModelFiles find(String name, Part part) throws IOException {
    Optional<ModelFiles> shipped = ShippedFiles.find(name);
    if (shipped.isPresent()) {
      return shipped.get();
    }
    Optional<String> published = PublishedModels.canonical(name);
    if (published.isPresent()) {
      return published(published.get());
    }
    if (name.startsWith(PackagedModels.PREFIX)) {
      return inFile(remote.packaged(PackageName.parse(name)));
    }
    Optional<Path> path = path(name).filter(Files::exists);
    return path.isPresent() ? onDisk(path.get()) : onHub(name, part);
  }

  private ModelFiles published(String name) throws IOException {
    Optional<ModelFiles> onClassPath = OnnxFiles.onClassPath(name);
    return onClassPath.isPresent() ? onClassPath.get() : OnnxFiles.in(remote.published(name), name);
  }

  private static ModelFiles onDisk(Path path) throws IOException {
    return Files.isDirectory(path) ? inFolder(path) : inFile(path);
  }

  private static ModelFiles inFolder(Path folder) throws IOException {
    String name = String.valueOf(folder.toRealPath().getFileName());
    boolean onnxOnly = has(folder, PublishedModels.GRAPH) && !FolderFiles.hasWeights(folder);
    if (has(folder, FolderFiles.CONFIG) && !onnxOnly) {
      return new FolderFiles(name, folder);
    }
    if (has(folder, PublishedModels.GRAPH)) {
      return OnnxFiles.in(folder, name);
    }
    throw new IOException(
        "model %s: no file %s with safetensors, and no %s"
            .formatted(folder, FolderFiles.CONFIG, PublishedModels.GRAPH));
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

  private ModelFiles onHub(String name, Part part) throws IOException {
    HubName hubName = hubName(name).orElseThrow(() -> unknown(name, ""));
    try {
      Path folder =
          switch (part) {
            case MODEL -> remote.model(hubName);
            case TOKENIZER -> remote.tokenizer(hubName);
          };
      return new FolderFiles(name, folder);
    } catch (HubException e) {
      if (isElsewhere(e.problem())) {
        throw unknown(name, "; " + e.getMessage());
      }
      throw e;
    }
  }

  /** Returns whether a problem leaves it open that the name was meant for something else. */
  private static boolean isElsewhere(HubException.Problem problem) {
    return switch (problem) {
      case REPOSITORY_NOT_FOUND, UNREACHABLE, OFFLINE -> true;
      case REVISION_NOT_FOUND, FILE_NOT_FOUND, NOT_AUTHORIZED, GATED, RATE_LIMITED, DAMAGED ->
          false;
    };
  }

  private static Optional<HubName> hubName(String name) {
    if (PATH.matcher(name).matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(HubName.parse(name));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static IllegalArgumentException unknown(String name, String onHub) {
    return new IllegalArgumentException(
        "model %s: no model, folder or file of this name; known are %s, folders with %s and safetensors or with %s, %s files, %sNAME for Python packages, and models of the hub%s"
            .formatted(
                name,
                String.join(", ", known()),
                FolderFiles.CONFIG,
                PublishedModels.GRAPH,
                GgufModel.ENDING,
                PackagedModels.PREFIX,
                onHub));
  }

  private static SortedSet<String> known() {
    SortedSet<String> names = new TreeSet<>(PublishedModels.names());
    names.addAll(ShippedFiles.names());
    return names;
  }

  /** Of no name the path would be the folder where the program was started. */
  private static Optional<Path> path(String name) {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
