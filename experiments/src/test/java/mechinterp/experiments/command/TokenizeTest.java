package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mechinterp.experiments.Execution;
import mechinterp.tokenizer.BpeTrainer;
import mechinterp.tokenizer.SplitRule;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeTest {
  @TempDir private Path folder;

  @BeforeEach
  void train() throws IOException {
    new BpeTrainer(259, SplitRule.GPT2, List.of("<s>"))
        .train(List.of("the the"))
        .write(folder, "<s>", "<s>", 8);
  }

  @Test
  void jsonHasIdsAndTokens() {
    Execution run =
        Execution.of("tokenize", "--model", folder.toString(), "--text", "the <s>", "--json");

    assertEquals(0, run.exitCode());
    assertEquals(
        """
        {
          "ids": [
            258,
            221,
            0
          ],
          "tokens": [
            "the",
            "\u0120",
            "<s>"
          ]
        }
        """,
        run.out());
  }

  @Test
  void theFileOfATokenizerIsEnough() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.delete(folder.resolve("tokenizer_config.json"));
    Execution run =
        Execution.of("tokenize", "--model", file.toString(), "--text", "he\n", "--plain");

    assertEquals(0, run.exitCode());
    assertEquals("    257  \"he\"\n    199  \"\u010a\"\n", run.out());
  }

  @Test
  void offlineNamesOfTheHubAreLookedForInTheCacheOnly() {
    Execution.of("tokenize", "--model", "no-such-model", "--offline", "--text", "a")
        .assertRefused("no-such-model", "the hub must not be asked");
  }

  @Test
  void whatIsNoTokenizerIsRefusedInOneLine() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Unigram\"}}");
    Execution run = Execution.of("tokenize", "--model", folder.toString(), "--text", "a");

    assertEquals(2, run.exitCode());
    assertTrue(
        run.err()
            .endsWith("tokenizer.json: model.type is \"Unigram\"; expected BPE or WordPiece\n"),
        run.err());
  }
}
