package mechinterp.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import mechinterp.io.FormatException;
import mechinterp.io.GgufBytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * GGUF vocabularies, {@code vocab.json} and {@code merges.txt} with random bytes changed or cut
 * off.
 */
final class DamagedTokenizerTest {
  private static final int ROUNDS = 1500;

  @TempDir private Path folder;

  /**
   * Reads what is there and works with it, or is refused in one line; returns whether it is
   * refused.
   */
  private static boolean isRefused(Path file) throws IOException {
    try {
      Tokenizer tokenizer = Tokenizers.read(file);
      tokenizer.decode(tokenizer.encode("A text\u00e9 <s> 12\n the").ids());
      return false;
    } catch (FormatException e) {
      assertEquals(1, String.valueOf(e.getMessage()).lines().count(), e.getMessage());
      return true;
    }
  }

  private static byte[] damaged(byte[] content, SplittableRandom random) {
    if (random.nextInt(5) == 0) {
      return Arrays.copyOf(content, random.nextInt(content.length));
    }
    byte[] damaged = content.clone();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      int bits = random.nextBoolean() ? 1 << random.nextInt(8) : random.nextInt(256);
      damaged[random.nextInt(content.length)] ^= (byte) bits;
    }
    return damaged;
  }

  private void damage(Path file, Path read) throws IOException {
    byte[] content = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(file.getFileName().hashCode());
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Files.write(file, damaged(content, random));
      refused += isRefused(read) ? 1 : 0;
    }
    Files.write(file, content);
    assertTrue(refused > ROUNDS / 5, () -> file + ": damage is hardly ever noticed");
    assertTrue(refused < ROUNDS, () -> file + ": nothing is ever read");
  }

  private static GgufBytes vocabulary(String model) {
    String key = "tokenizer.ggml.";
    return new GgufBytes()
        .string(key + "model", model)
        .string(key + "pre", "gpt-2")
        .strings(key + "tokens", List.of("<s>", "t", "h", "e", "th", "the", "\u2581", "\u0120the"))
        .strings(key + "merges", List.of("t h", "th e"))
        .float32s(key + "scores", 0, 0, 0, 0, -1, -2, 0, 0)
        .int32s(key + "token_type", 3, 1, 1, 1, 1, 1, 1, 1)
        .uint32(key + "bos_token_id", 0)
        .bool(key + "add_bos_token", true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama"})
  void gguf(String model) throws IOException {
    Path file = vocabulary(model).write(folder.resolve("tiny.gguf"));

    damage(file, file);
  }

  @Test
  void gpt2sOwnFiles() throws IOException {
    Path vocabulary = folder.resolve("vocab.json");
    Files.writeString(
        vocabulary, "{\"t\": 0, \"h\": 1, \"e\": 2, \"th\": 3, \"the\": 4, \"\u0120\": 5}");
    Path merges = folder.resolve("merges.txt");
    Files.write(merges, "#version: 0.2\nt h\nth e\n".getBytes(StandardCharsets.UTF_8));

    damage(vocabulary, folder);
    damage(merges, folder);
  }
}
