package mechinterp.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Reads tokenizers from texts that a test has changed. */
final class MutatedTokenizer {
  static final String FILE = "changed.json";

  private MutatedTokenizer() {}

  static Tokenizer read(String json) throws IOException {
    return Tokenizers.ofJson(FILE, new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
  }
}
