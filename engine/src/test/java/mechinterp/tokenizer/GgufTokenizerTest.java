package mechinterp.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import mechinterp.io.FormatException;
import mechinterp.io.GgufBytes;
import mechinterp.io.Json;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Tokenizers in GGUF files; those of the golden tokenizer.json files must be the same there. */
final class GgufTokenizerTest {
  private static final String KEY = "tokenizer.ggml.";
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int BYTE = 6;

  @TempDir private Path folder;

  private Tokenizer read(GgufBytes bytes) throws IOException {
    return Tokenizers.read(bytes.write(folder.resolve("tiny.gguf")));
  }

  /** The tokens of a golden file in the order of their ids. */
  private static String[] tokens(JsonNode root) {
    List<Map.Entry<String, JsonNode>> entries =
        new ArrayList<>(root.get("model").get("vocab").properties());
    root.get("added_tokens")
        .forEach(
            added -> entries.add(Map.entry(added.get("content").stringValue(), added.get("id"))));
    String[] tokens =
        new String[entries.stream().mapToInt(e -> e.getValue().intValue()).max().orElseThrow() + 1];
    entries.forEach(entry -> tokens[entry.getValue().intValue()] = entry.getKey());
    return tokens;
  }

  private static int[] types(JsonNode root, String[] tokens) {
    int[] types =
        Arrays.stream(tokens).mapToInt(t -> t.matches("<0x..>") ? BYTE : NORMAL).toArray();
    root.get("added_tokens")
        .forEach(added ->
            types[added.get("id").intValue()] =
                added.get("special").booleanValue() ? CONTROL : USER_DEFINED);
    return types;
  }

  private static JsonNode golden(String name) throws IOException {
    byte[] content = GoldenTokenizers.content(name).getBytes(StandardCharsets.UTF_8);
    return Json.read(name, new ByteArrayInputStream(content), JsonNode.class);
  }

  private static GgufBytes bytePairs(String name, String pre) throws IOException {
    JsonNode root = golden(name);
    String[] tokens = tokens(root);
    List<String> merges =
        root.get("model")
            .get("merges")
            .valueStream()
            .map(pair -> pair.get(0).stringValue() + " " + pair.get(1).stringValue())
            .toList();
    return new GgufBytes()
        .string(KEY + "model", "gpt2")
        .string(KEY + "pre", pre)
        .strings(KEY + "tokens", List.of(tokens))
        .strings(KEY + "merges", merges)
        .int32s(KEY + "token_type", types(root, tokens));
  }

  private static void assertSame(Tokenizer expected, Tokenizer found) throws IOException {
    assertSame(expected, found, GoldenTokenizers.texts());
  }

  private static void assertSame(Tokenizer expected, Tokenizer found, List<String> texts) {
    for (String text : texts) {
      int[] ids = expected.encode(text).ids();

      assertArrayEquals(ids, found.encode(text).ids(), text);
      assertEquals(expected.decode(ids), found.decode(ids));
    }
  }

  @ParameterizedTest
  @CsvSource({"gpt2, gpt-2", "smollm, smollm"})
  void bytePairsAreThoseOfTokenizerJson(String name, String pre) throws IOException {
    assertSame(GoldenTokenizers.read(name), read(bytePairs(name, pre)));
  }

  @Test
  void llama3BeginsTextsWithBosAndLooksForWholeWordsFirst() throws IOException {
    Tokenizer expected = GoldenTokenizers.read("llama3");
    int bos = expected.id("<|begin_of_text|>").orElseThrow();
    Tokenizer found = read(bytePairs("llama3", "llama-bpe").uint32(KEY + "bos_token_id", bos));

    assertSame(expected, found);
    assertEquals(OptionalInt.of(bos), found.bos());
    assertEquals(OptionalInt.empty(), found.eos());
  }

  @Test
  void theFileDecidesWhetherTextsBeginWithBos() throws IOException {
    Tokenizer tokenizer =
        read(
            bytePairs("llama3", "llama-bpe")
                .uint32(KEY + "bos_token_id", 3)
                .uint32(KEY + "eos_token_id", 4)
                .bool(KEY + "add_bos_token", false)
                .bool(KEY + "add_eos_token", true));
    int[] ids = tokenizer.encode("a").ids();

    assertArrayEquals(tokenizer.encodePlain("a").ids(), Arrays.copyOf(ids, ids.length - 1));
    assertEquals(4, ids[ids.length - 1]);
  }

  /** SentencePiece's scores fall with the rank of the merge. */
  private static GgufBytes scored(String name) throws IOException {
    JsonNode root = golden(name);
    String[] tokens = tokens(root);
    float[] scores = new float[tokens.length];
    List<JsonNode> merges = root.get("model").get("merges").valueStream().toList();
    Map<String, Integer> ids = new HashMap<>();
    IntStream.range(0, tokens.length).forEach(id -> ids.put(tokens[id], id));
    IntStream.range(0, merges.size())
        .map(i -> merges.size() - 1 - i)
        .forEach(rank -> {
          JsonNode pair = merges.get(rank);
          String merged = pair.get(0).stringValue() + pair.get(1).stringValue();
          scores[ids.getOrDefault(merged, 0)] = -rank;
        });
    return new GgufBytes()
        .string(KEY + "model", "llama")
        .strings(KEY + "tokens", List.of(tokens))
        .float32s(KEY + "scores", scores)
        .int32s(KEY + "token_type", types(root, tokens));
  }

  @Test
  void pairsByScoreAreThoseOfTokenizerJson() throws IOException {
    Tokenizer found =
        read(scored("llama2").uint32(KEY + "bos_token_id", 1).uint32(KEY + "unknown_token_id", 0));

    assertSame(GoldenTokenizers.read("llama2"), found);
  }

  /** Added tokens of several marks are tokens like others here, to which spaces merge. */
  @Test
  void gemmaPutsNoSpaceInFront() throws IOException {
    GgufBytes file =
        scored("gemma").uint32(KEY + "bos_token_id", 2).bool(KEY + "add_space_prefix", false);

    List<String> texts =
        GoldenTokenizers.texts().stream()
            .filter(text -> !text.replace('\u2581', ' ').contains("  "))
            .toList();

    assertSame(GoldenTokenizers.read("gemma"), read(file), texts);
  }

  private static GgufBytes pieces(List<String> tokens, float... scores) {
    return new GgufBytes()
        .string(KEY + "model", "llama")
        .strings(KEY + "tokens", tokens)
        .float32s(KEY + "scores", scores)
        .bool(KEY + "add_bos_token", false)
        .bool(KEY + "add_space_prefix", false);
  }

  @Test
  void theBestScoreMergesFirstAndOfEqualsTheLeftmost() throws IOException {
    Tokenizer tokenizer = read(pieces(List.of("a", "b", "ab", "ba", "aba"), 0, 0, -1, -1, -2));

    assertArrayEquals(new int[] {4}, tokenizer.encode("aba").ids());
    assertArrayEquals(new int[] {2, 2}, tokenizer.encode("abab").ids());
    assertArrayEquals(new int[] {3, 0}, tokenizerWithBetterBa().encode("baa").ids());
    assertArrayEquals(new int[] {0, 3}, tokenizerWithBetterBa().encode("aba").ids());
  }

  private Tokenizer tokenizerWithBetterBa() throws IOException {
    return read(pieces(List.of("a", "b", "ab", "ba"), 0, 0, -2, -1));
  }

  @Test
  void charactersThatAreNoTokensMayBePartsOfOne() throws IOException {
    Tokenizer tokenizer =
        read(pieces(List.of("\u65e5\u672c", "<0xE6>", "<0x97>", "<0xA5>", "?"), -1, 0, 0, 0, 0));

    assertArrayEquals(new int[] {0}, tokenizer.encode("\u65e5\u672c").ids());
    assertArrayEquals(new int[] {1, 2, 3, 0}, tokenizer.encode("\u65e5\u65e5\u672c").ids());
    assertEquals("\u65e5\u65e5\u672c", tokenizer.decode(1, 2, 3, 0));
  }

  @Test
  void aTokenThatGoesOnOverASpaceIsFound() throws IOException {
    Tokenizer tokenizer = read(pieces(List.of("a", "\u2581", "a\u2581", "a\u2581a"), 0, 0, -1, -2));

    assertArrayEquals(new int[] {3}, tokenizer.encode("a a").ids());
  }

  @Test
  void tokensWithoutTextHaveAName() throws IOException {
    Tokenizer tokenizer = read(pieces(List.of("a", "", "b"), 0, 0, 0));

    assertEquals("[EMPTY_1]", tokenizer.token(1));
  }

  @Test
  void identitiesOfKindsDiffer() throws IOException {
    assertNotEquals(
        read(bytePairs("gpt2", "gpt-2")).identity(), read(bytePairs("gpt2", "qwen2")).identity());
    assertNotEquals(
        read(pieces(List.of("a", "b"), 0, 0)).identity(),
        read(pieces(List.of("a", "b"), 0, -1)).identity());
  }

  private void assertRefused(String problem, UnaryOperator<GgufBytes> made) {
    assertEquals(
        folder.resolve("tiny.gguf") + ": " + problem,
        Refusal.of(FormatException.class, () -> read(made.apply(new GgufBytes()))));
  }

  @Test
  void whatIsMissingOrWrongIsRefusedByItsKey() {
    List<String> tokens = List.of("a", "b");
    assertRefused(
        "tokenizer.ggml.model is \"t5\"; expected gpt2 or llama",
        file -> file.string(KEY + "model", "t5"));
    assertRefused("metadata has no tokenizer.ggml.model", file -> file);
    assertRefused(
        "tokenizer.ggml.tokens is empty; there must be at least one token",
        file -> file.string(KEY + "model", "llama").strings(KEY + "tokens", List.of()));
    assertRefused(
        "tokenizer.ggml.tokens has \"a\" at 0 and at 1",
        file -> file.string(KEY + "model", "llama").strings(KEY + "tokens", List.of("a", "a")));
    assertRefused("tokenizer.ggml.scores has 1 values for 2 tokens", _ -> pieces(tokens, 1));
    assertRefused("tokenizer.ggml.scores has NaN at 1", _ -> pieces(tokens, 1, Float.NaN));
    assertRefused(
        "tokenizer.ggml.token_type has 1 values for 2 tokens",
        _ -> pieces(tokens, 1, 2).int32s(KEY + "token_type", 1));
    assertRefused(
        "tokenizer.ggml.bos_token_id is 2; ids are 0 to 1",
        _ -> pieces(tokens, 1, 2).uint32(KEY + "bos_token_id", 2));
    assertRefused(
        "tokenizer.ggml.bos_token_id is missing; texts begin or end with it",
        file -> file.string(KEY + "model", "llama").strings(KEY + "tokens", tokens));
    assertRefused(
        "tokenizer.ggml.merges has \"a c\" at 0; expected two tokens of the vocabulary that make another one",
        file ->
            file.string(KEY + "model", "gpt2")
                .string(KEY + "pre", "gpt-2")
                .strings(KEY + "tokens", tokens)
                .strings(KEY + "merges", List.of("a c")));
  }

  @Test
  void anUnknownPreTokenizerIsRefusedWithThoseThatAreKnown() {
    String message =
        Refusal.of(
            FormatException.class,
            () -> read(new GgufBytes().string(KEY + "model", "gpt2").string(KEY + "pre", "bloom")));

    assertEquals(
        folder.resolve("tiny.gguf")
            + ": tokenizer.ggml.pre is \"bloom\"; known are "
            + GgufSplitRule.known(),
        message);
  }

  @Test
  void unknownTokensAreCutOutOfTextToo() throws IOException {
    Tokenizer tokenizer =
        read(
            pieces(List.of("<unk>", "a", "<x>"), 0, 0, 0)
                .int32s(KEY + "token_type", UNKNOWN, NORMAL, USER_DEFINED));

    assertArrayEquals(new int[] {1, 0, 2, 1}, tokenizer.encode("a<unk><x>a").ids());
    assertEquals("a<x>a", tokenizer.decode(1, 0, 2, 1));
  }
}
