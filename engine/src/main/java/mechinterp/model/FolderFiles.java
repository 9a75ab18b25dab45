package mechinterp.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.ShardedSafetensors;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;

/**
 * A model as transformers saves it: config.json, safetensors in one file or several, a tokenizer.
 *
 * @param name the model's name
 * @param folder where the files are
 */
record FolderFiles(String name, Path folder) implements ModelFiles {
  /** Name of the file with the sizes. */
  static final String CONFIG = "config.json";

  private static final String TOKENIZER = "tokenizer.json";
  private static final String VOCABULARY = "vocab.json";

  /** Returns whether a folder has safetensors. */
  static boolean hasWeights(Path folder) {
    return Files.exists(folder.resolve(ShardedSafetensors.SINGLE))
        || Files.exists(folder.resolve(ShardedSafetensors.INDEX));
  }

  @Override
  public long heapBytes() {
    return 0;
  }

  @Override
  public OpenModel open() throws IOException {
    JsonField config = JsonField.read(folder.resolve(CONFIG));
    ShardedSafetensors files = ShardedSafetensors.open(folder);
    return SafetensorsModel.open(name, config, files, () -> FileHash.of(paths(files)));
  }

  private static List<Path> paths(ShardedSafetensors files) {
    List<Path> paths = new ArrayList<>();
    for (SafetensorsFile file : files.files()) {
      paths.add(Path.of(file.source()));
    }
    return paths;
  }

  @Override
  public Tokenizer tokenizer() throws IOException {
    boolean there = Stream.of(TOKENIZER, VOCABULARY).anyMatch(this::has);
    return there
        ? Tokenizers.read(folder)
        : new NoTokenizer("%s has no %s and no %s".formatted(folder, TOKENIZER, VOCABULARY));
  }

  private boolean has(String file) {
    return Files.exists(folder.resolve(file));
  }
}
