package mechinterp.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;

/**
 * Reads tokenizers from the files that models come with. All readers throw {@link FormatException}
 * with the names of file and field for content that is damaged, or of a kind that is not supported.
 */
public final class Tokenizers {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String SPECIAL_TOKENS = "special_tokens_map.json";

  private Tokenizers() {}

  /**
   * Reads the tokenizer of a model's folder: {@code tokenizer.json}; the tokens that begin and end
   * a text are named by {@code tokenizer_config.json} or {@code special_tokens_map.json} beside it.
   *
   * @param path the folder, or its {@code tokenizer.json}
   */
  public static Tokenizer read(Path path) throws IOException {
    boolean folder = Files.isDirectory(path);
    Path file = folder ? path.resolve(TOKENIZER) : path;
    return TokenizerFile.read(JsonField.read(file), ends(file));
  }

  private static TextEnds ends(Path tokenizer) throws IOException {
    for (Path file : Stream.of(CONFIG, SPECIAL_TOKENS).map(tokenizer::resolveSibling).toList()) {
      if (Files.exists(file)) {
        return TextEnds.of(JsonField.read(file));
      }
    }
    return TextEnds.UNNAMED;
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
