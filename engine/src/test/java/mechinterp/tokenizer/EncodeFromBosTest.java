package mechinterp.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class EncodeFromBosTest {
  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Tokenizer named(String bos) throws IOException {
    return Tokenizers.ofJson(
        TinyWordPiece.FILE,
        bytes(TinyWordPiece.JSON),
        "tokenizer_config.json",
        bytes("{\"bos_token\": \"" + bos + "\"}"));
  }

  @Test
  void theBeginOfTextTokenComesFirstAndCountsAmongTheMost() throws IOException {
    Tokenizer tokenizer = named("[MASK]");

    assertArrayEquals(new int[] {4, 2, 5, 12, 3}, tokenizer.encodeFromBos("un a", 9));
    assertArrayEquals(new int[] {4, 2, 5, 3}, tokenizer.encodeFromBos("un a", 4));
  }

  @Test
  void itIsNotPutThereTwice() throws IOException {
    assertArrayEquals(new int[] {2, 5, 3}, named("[CLS]").encodeFromBos("un", 9));
  }

  @Test
  void withoutOneTheTextIsAsTheTokenizerEncodesIt() {
    assertArrayEquals(new int[] {2, 5, 3}, TinyWordPiece.tokenizer().encodeFromBos("un", 9));
  }
}
