package mechinterp.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import mechinterp.io.FormatException;
import mechinterp.io.GgufFile;
import mechinterp.model.family.CanonicalWeights;
import mechinterp.model.family.GgufConfig;
import mechinterp.model.family.GgufNames;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;

/**
 * A model in a GGUF file, which has everything in it.
 *
 * @param name the model's name
 * @param path the file
 */
record GgufModel(String name, Path path) implements ModelFiles {
  /** How the names of such files end. */
  static final String ENDING = ".gguf";

  private static final String TOKENIZER = "tokenizer.ggml.model";

  @Override
  public long heapBytes() {
    return 0;
  }

  @Override
  public OpenModel open() throws IOException {
    GgufFile file = GgufFile.open(path);
    boolean complete = false;
    try {
      TransformerConfig config =
          Families.config(name, GgufConfig.read(file), read -> GgufConfig.withDivisors(read, file));
      Weights weights =
          CanonicalWeights.of(new GgufWeights(file), GgufNames.of(file, config), config);
      OpenModel model =
          new OpenModel(
              config,
              weights,
              SpecialIds.none(),
              "GGUF",
              encodings(file),
              Files.size(path),
              () -> FileHash.of(List.of(path)),
              file::close);
      complete = true;
      return model;
    } finally {
      if (!complete) {
        file.close();
      }
    }
  }

  private static SortedMap<String, Integer> encodings(GgufFile file) throws FormatException {
    SortedMap<String, Integer> counts = new TreeMap<>();
    for (String tensor : file.tensors()) {
      counts.merge(file.info(tensor).typeName(), 1, Integer::sum);
    }
    return counts;
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    try (GgufFile file = GgufFile.open(path)) {
      return file.metadata().contains(TOKENIZER)
          ? Tokenizers.ofGguf(file)
          : new NoTokenizer("%s has no %s".formatted(path, TOKENIZER));
    }
  }
}
