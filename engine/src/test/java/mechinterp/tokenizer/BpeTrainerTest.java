package mechinterp.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import mechinterp.io.Json;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

final class BpeTrainerTest {
  private static final String END = "<|endoftext|>";

  @TempDir private Path folder;

  private static BpeTrainer trainer(int vocabularySize) {
    return new BpeTrainer(vocabularySize, SplitRule.GPT2, List.of(END));
  }

  private static JsonNode model(String json) throws IOException {
    return Json.read(
            "json", new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), JsonNode.class)
        .get("model");
  }

  @Test
  void tokensAndMergesAreThoseOfTokenizersOwnTrainer() throws IOException {
    JsonNode expected = model(GoldenTokenizers.content("gpt2"));
    JsonNode found = model(trainer(700).train(GoldenTokenizers.texts()).json());

    assertEquals(expected.get("vocab"), found.get("vocab"));
    assertEquals(expected.get("merges"), found.get("merges"));
  }

  @Test
  void theOrderOfTheTextsDoesNotMatter() throws IOException {
    List<String> texts = GoldenTokenizers.texts();

    assertEquals(trainer(500).train(texts), trainer(500).train(texts.reversed()));
  }

  @Test
  void theMostFrequentPairIsFirstAndTiesGoToTheLowestIds() {
    TrainedBpe trained = trainer(260).train(List.of("abab cd cd xy"));

    assertEquals(
        List.of(List.of("a", "b"), List.of("c", "d"), List.of("\u0120", "cd")),
        trained.merges(),
        "a b, c d and space c are there twice");
  }

  @Test
  void repeatedCharactersMergeFromTheLeft() {
    TrainedBpe trained = trainer(259).train(List.of("aaaaa"));

    assertEquals(List.of(List.of("a", "a"), List.of("aa", "a")), trained.merges());
    assertEquals(2, trained.tokenizer().encode("aaaaa").size());
  }

  @Test
  void textWithoutMorePairsGivesFewerTokens() {
    TrainedBpe trained = trainer(5000).train(List.of("ab"));

    assertEquals(258, trained.tokens().size());
    assertEquals(257, trainer(5000).train(List.of()).tokens().size());
  }

  @Test
  void wordsAreNeverCrossed() throws IOException {
    TrainedBpe trained = trainer(600).train(GoldenTokenizers.texts());

    assertTrue(
        trained.tokens().stream()
            .noneMatch(token -> token.indexOf('\u0120', 1) > 0 && token.matches(".*[a-z].*")));
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsWhatWasTrained(SplitRule rule) throws IOException {
    TrainedBpe trained =
        new BpeTrainer(400, rule, List.of("<s>", END)).train(GoldenTokenizers.texts());
    trained.write(folder, "<s>", END, 128);
    Tokenizer read = Tokenizers.read(folder);

    assertEquals(trained.tokenizer().identity(), read.identity());
    assertEquals(OptionalInt.of(0), read.bos());
    assertEquals(OptionalInt.of(1), read.eos());
    for (String text : GoldenTokenizers.texts()) {
      int[] ids = read.encode(text).ids();
      assertArrayEquals(trained.tokenizer().encode(text).ids(), ids);
      assertEquals(text, read.decode(ids, SpecialTokens.KEEP));
    }
  }

  @Test
  void whatCannotBeTrainedIsRefused() {
    assertEquals(
        "vocabulary_size: is 256; the bytes and special tokens alone are 257",
        Refusal.of(IllegalArgumentException.class, () -> trainer(256)));
    assertEquals(
        "special_tokens: \"a\" is no sign of its own",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new BpeTrainer(300, SplitRule.GPT2, List.of("a"))));
    assertEquals(
        "special_tokens: [<s>, <s>] has one twice",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new BpeTrainer(300, SplitRule.GPT2, List.of("<s>", "<s>"))));
  }

  @Test
  void tokensThatDoNotExistCannotBeginOrEndText() {
    TrainedBpe trained = trainer(257).train(List.of());

    assertEquals(
        "bos_token: \"<s>\" is no token of the vocabulary",
        Refusal.of(IllegalArgumentException.class, () -> trained.write(folder, "<s>", END, 8)));
    assertFalse(Files.exists(folder.resolve("tokenizer.json")));
  }
}
