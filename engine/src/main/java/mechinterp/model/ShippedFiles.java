package mechinterp.model;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.Sha256;
import mechinterp.io.ShardedSafetensors;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;

/**
 * A model that comes with the engine: config.json, model.safetensors, tokenizer.json and
 * tokenizer_config.json in a folder of resources.
 *
 * @param name the model's name and its folder's
 */
record ShippedFiles(String name) implements ModelFiles {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final Set<String> NAMES = Set.of("tiny-lm");

  /** Returns the names of the models that the engine brings along. */
  static Set<String> names() {
    return NAMES;
  }

  /** Returns the files of a model that the engine brings along, if there is one of this name. */
  static Optional<ModelFiles> find(String name) {
    return NAMES.contains(name) ? Optional.of(new ShippedFiles(name)) : Optional.empty();
  }

  private Optional<URL> resource(String file) {
    return Optional.ofNullable(
        ShippedFiles.class.getResource("/mechinterp/models/" + name + "/" + file));
  }

  private InputStream stream(String file) throws IOException {
    URL url =
        resource(file)
            .orElseThrow(() ->
                new IOException("model %s: the engine has no resource %s".formatted(name, file)));
    return url.openStream();
  }

  @Override
  public long heapBytes() throws IOException {
    try (InputStream in = stream(ShardedSafetensors.SINGLE)) {
      return in.available();
    }
  }

  @Override
  public OpenModel open() throws IOException {
    JsonField config;
    try (InputStream in = stream(FolderFiles.CONFIG)) {
      config = JsonField.read(source(FolderFiles.CONFIG), in);
    }
    Sha256 hash = new Sha256();
    ShardedSafetensors files;
    try (InputStream in = hash.adding(stream(ShardedSafetensors.SINGLE))) {
      files = ShardedSafetensors.of(SafetensorsFile.read(source(ShardedSafetensors.SINGLE), in));
    }
    String digest = hash.end();
    return SafetensorsModel.open(name, config, files, () -> digest);
  }

  private String source(String file) {
    return name + "/" + file;
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    try (InputStream json = stream(TOKENIZER);
        InputStream config = stream(TOKENIZER_CONFIG)) {
      return Tokenizers.ofJson(source(TOKENIZER), json, source(TOKENIZER_CONFIG), config);
    }
  }
}
