package mechinterp.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.GgufFile;
import mechinterp.io.JsonField;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Reads tokenizers from the files that models come with. All readers throw {@link FormatException}
 * with the names of file and field for content that is damaged, or of a kind that is not supported.
 */
public final class Tokenizers {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String VOCABULARY = "vocab.json";
  private static final String MERGES = "merges.txt";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String MODEL_CONFIG = "config.json";
  private static final String SPECIAL_TOKENS = "special_tokens_map.json";

  private Tokenizers() {}

  /**
   * Reads the tokenizer of a model: of its folder, a {@code tokenizer.json} or a GGUF file. A
   * folder has {@code tokenizer.json}, or GPT-2's {@code vocab.json} and {@code merges.txt}. The
   * tokens that begin and end a text are named by {@code tokenizer_config.json} or {@code
   * special_tokens_map.json} beside them; where neither speaks of them, as GPT-2's own files, by
   * the ids of {@code config.json}.
   *
   * @param path the folder or file
   */
  public static Tokenizer read(Path path) throws IOException {
    if (path.toString().endsWith(".gguf")) {
      try (GgufFile file = GgufFile.open(path)) {
        return ofGguf(file);
      }
    }
    if (!Files.isDirectory(path)) {
      return readJson(path);
    }
    boolean bytePairs = !Files.exists(path.resolve(TOKENIZER)) && isIn(path);
    return bytePairs ? readBytePairs(path) : readJson(path.resolve(TOKENIZER));
  }

  /** Returns whether a folder has the files of a tokenizer. */
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(TOKENIZER))
        || (Files.exists(folder.resolve(VOCABULARY)) && Files.exists(folder.resolve(MERGES)));
  }

  private static Tokenizer readJson(Path file) throws IOException {
    return TokenizerFile.read(JsonField.read(file), ends(file, config(file)));
  }

  private static Tokenizer readBytePairs(Path folder) throws IOException {
    Path vocabulary = folder.resolve(VOCABULARY);
    JsonField config = config(vocabulary);
    return BytePairFiles.read(vocabulary, folder.resolve(MERGES), config, ends(vocabulary, config));
  }

  /** Returns the first file beside the tokenizer that names special tokens, or an empty object. */
  private static JsonField config(Path tokenizer) throws IOException {
    for (String name : List.of(CONFIG, SPECIAL_TOKENS)) {
      Path file = tokenizer.resolveSibling(name);
      if (Files.exists(file)) {
        return JsonField.read(file);
      }
    }
    return new JsonField(CONFIG, "", JsonNodeFactory.instance.objectNode());
  }

  private static TextEnds ends(Path tokenizer, JsonField config) throws IOException {
    Path model = tokenizer.resolveSibling(MODEL_CONFIG);
    return TextEnds.areIn(config) || !Files.exists(model)
        ? TextEnds.of(config)
        : TextEnds.ofModel(JsonField.read(model));
  }

  /**
   * Reads the tokenizer in a GGUF file ({@code tokenizer.ggml.*}), which works as llama.cpp's:
   * model {@code gpt2} (byte-level pairs, cut as {@code pre} says) or {@code llama}
   * (SentencePiece's pairs by score). Tokens of the types control, user-defined and unknown are cut
   * out of the text.
   */
  public static Tokenizer ofGguf(GgufFile file) throws FormatException {
    return GgufTokenizerReader.read(file);
  }

  /**
   * Reads a {@code tokenizer.json}. Its {@code truncation} and {@code padding} are ignored: how
   * long a text may be is for the caller to say, and batches here are ragged. It does not say which
   * tokens begin and end a text.
   *
   * @param name the file's name for error messages
   * @param in the file's bytes; not closed
   */
  public static Tokenizer ofJson(String name, InputStream in) throws IOException {
    return TokenizerFile.read(JsonField.read(name, in), TextEnds.UNNAMED);
  }

  /**
   * Reads a {@code tokenizer.json} and the {@code tokenizer_config.json} that names the tokens that
   * begin and end a text.
   *
   * @param name the tokenizer's name for error messages
   * @param in its bytes; not closed
   * @param configName the other file's name
   * @param config its bytes; not closed
   */
  public static Tokenizer ofJson(String name, InputStream in, String configName, InputStream config)
      throws IOException {
    return TokenizerFile.read(
        JsonField.read(name, in), TextEnds.of(JsonField.read(configName, config)));
  }
}
