package mechinterp.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import mechinterp.io.OnnxFile;
import mechinterp.io.Sha256;
import mechinterp.io.hub.PublishedModels;
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
  /**
   * Returns the files of a published model when its Maven artifact is on the class path.
   *
   * @param name of a published model
   */
  static Optional<ModelFiles> onClassPath(String name) {
    PublishedModels.Published published = PublishedModels.published(name);
    Optional<URI> graph = resource(published.graph());
    Optional<URI> tokenizer = resource(published.tokenizer());
    return graph.isPresent() && tokenizer.isPresent()
        ? Optional.of(new OnnxFiles(name, graph.get(), tokenizer.get()))
        : Optional.empty();
  }

  private static Optional<URI> resource(String path) {
    return Optional.ofNullable(OnnxFiles.class.getResource("/" + path))
        .map(url -> URI.create(url.toString()));
  }

  /** Returns the files in a folder, which must be there. */
  static ModelFiles in(Path folder, String name) throws IOException {
    return new OnnxFiles(
        name, file(folder, PublishedModels.GRAPH), file(folder, PublishedModels.TOKENIZER));
  }

  private static URI file(Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new IOException(
          "model %s: no file %s; the folder must hold %s and %s"
              .formatted(folder, name, PublishedModels.GRAPH, PublishedModels.TOKENIZER));
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
