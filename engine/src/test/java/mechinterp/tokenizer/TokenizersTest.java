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
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

/** Reading tokenizers: which file says what, and what becomes of damaged ones. */
final class TokenizersTest {
  static final List<String> NAMES = GoldenTokenizers.NAMES;

  @TempDir private Path folder;

  private void write(String file, String content) throws IOException {
    Files.writeString(folder.resolve(file), content);
  }

  private void writeTrained() throws IOException {
    write("tokenizer.json", GoldenTokenizers.content("llama3"));
  }

  @Test
  void beginAndEndAreNamedByTheConfig() throws IOException {
    writeTrained();
    write(
        "tokenizer_config.json",
        "{\"bos_token\": \"<|begin_of_text|>\", \"eos_token\": {\"content\": \"<|end_of_text|>\", \"lstrip\": false}}");
    Tokenizer tokenizer = Tokenizers.read(folder);

    assertEquals(tokenizer.id("<|begin_of_text|>"), tokenizer.bos());
    assertEquals(tokenizer.id("<|end_of_text|>"), tokenizer.eos());
    assertEquals(tokenizer.bos(), Tokenizers.read(folder.resolve("tokenizer.json")).bos());
  }

  @Test
  void idsOfTheModelsConfigCountWhereTheTokenizersSaysNothing() throws IOException {
    writeTrained();
    write("config.json", "{\"bos_token_id\": 0, \"eos_token_id\": [5, 6]}");
    assertEquals(OptionalInt.of(0), Tokenizers.read(folder).bos());
    assertEquals(OptionalInt.of(5), Tokenizers.read(folder).eos());

    write("tokenizer_config.json", "{\"model_max_length\": 8}");
    assertEquals(OptionalInt.of(0), Tokenizers.read(folder).bos());

    write("tokenizer_config.json", "{\"bos_token\": null, \"eos_token\": \"<|eot_id|>\"}");
    assertEquals(OptionalInt.empty(), Tokenizers.read(folder).bos(), "said to be none");

    Files.delete(folder.resolve("tokenizer_config.json"));
    write("config.json", "{\"bos_token_id\": 50256}");
    assertEquals(OptionalInt.empty(), Tokenizers.read(folder).bos(), "a default of the family");
  }

  @Test
  void aTokenThatDoesNotExistCannotBeginText() throws IOException {
    writeTrained();
    write("tokenizer_config.json", "{\"bos_token\": \"<s>\"}");

    assertEquals(
        folder.resolve("tokenizer_config.json")
            + ": bos_token is \"<s>\"; expected a token of the vocabulary",
        Refusal.of(FormatException.class, () -> Tokenizers.read(folder)));
  }

  private void writePairs() throws IOException {
    TrainedBpe trained =
        new BpeTrainer(700, SplitRule.GPT2, List.of("<|endoftext|>"))
            .train(GoldenTokenizers.texts());
    StringBuilder vocab = new StringBuilder("{");
    for (int id = 0; id < trained.tokens().size(); id++) {
      String token = trained.tokens().get(id).replace("\\", "\\\\").replace("\"", "\\\"");
      vocab.append(id == 0 ? "" : ",").append('"').append(token).append("\":").append(id);
    }
    write("vocab.json", vocab.append('}').toString());
    write(
        "merges.txt",
        trained.merges().stream()
            .map(pair -> pair.get(0) + " " + pair.get(1))
            .collect(Collectors.joining("\n", "#version: 0.2\n", "\n")));
  }

  @Test
  void gpt2sOwnFilesAreTheSameTokenizer() throws IOException {
    assertFalse(Tokenizers.isIn(folder));
    writePairs();
    write("config.json", "{\"bos_token_id\": 0, \"eos_token_id\": 0}");
    assertTrue(Tokenizers.isIn(folder));
    Tokenizer expected = GoldenTokenizers.read("gpt2");
    Tokenizer found = Tokenizers.read(folder);

    for (String text : GoldenTokenizers.texts()) {
      assertArrayEquals(expected.encode(text).ids(), found.encode(text).ids(), text);
    }
    assertEquals(expected.identity(), found.identity());
    assertEquals(OptionalInt.of(0), found.eos());
  }

  @Test
  void gpt2sOwnFilesMayPutASpaceInFront() throws IOException {
    writePairs();
    write("tokenizer_config.json", "{\"add_prefix_space\": true}");
    Tokenizer tokenizer = Tokenizers.read(folder);

    assertArrayEquals(tokenizer.encode(" the").ids(), tokenizer.encode("the").ids());
  }

  @Test
  void aBadLineOfMergesIsNamed() throws IOException {
    writePairs();
    write("merges.txt", "#version: 0.2\n\u0120 \u0120\na b c\n");

    assertEquals(
        folder.resolve("merges.txt")
            + ": line 3 is \"a b c\"; expected two tokens of the vocabulary that make another one",
        Refusal.of(FormatException.class, () -> Tokenizers.read(folder)));
    Files.write(folder.resolve("merges.txt"), new byte[] {(byte) 0xC3});
    assertEquals(
        folder.resolve("merges.txt") + ": is not UTF-8",
        Refusal.of(FormatException.class, () -> Tokenizers.read(folder)));
  }

  @Test
  void aFolderWithoutTokenizerIsRefused() {
    assertEquals(
        folder.resolve("tokenizer.json") + ": cannot be read: it does not exist",
        Refusal.of(IOException.class, () -> Tokenizers.read(folder)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama2 | \"fuse_unk\":true | \"fuse_unk\":1 | model.fuse_unk is 1; expected true or false",
        "llama2 | \"unk_token\":\"<unk>\" | \"unk_token\":\"x y\" | model.unk_token is \"x y\"; expected a token of the vocabulary",
        "llama2 | \"dropout\":null | \"dropout\":0.1 | model.dropout is 0.1; expected null: it is for training",
        "llama2 | \"end_of_word_suffix\":null | \"end_of_word_suffix\":\"</w>\" | model.end_of_word_suffix is \"</w>\"; expected null",
        "llama2 | {\"type\":\"Prepend\", | {\"type\":\"Precompiled\", | normalizer.normalizers[0].type is \"Precompiled\"; expected BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence, Strip or StripAccents",
        "llama2 | {\"type\":\"Fuse\"}, | {\"type\":\"CTC\"}, | decoder.decoders[2].type is \"CTC\"; expected ByteLevel, WordPiece, Metaspace, or a Sequence of Replace, ByteFallback, Fuse and Strip",
        "llama2 | {\"type\":\"Fuse\"}, | | decoder.decoders[2].type is \"Strip\"; expected Fuse before Strip",
        "llama3 | {\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false}] | {\"type\":\"ByteLevel\",\"add_prefix_space\":false},{\"type\":\"Digits\"}] | pre_tokenizer.pretokenizers[2].type is \"Digits\"; expected nothing: ByteLevel must be the last",
        "llama3 | \"behavior\":\"Isolated\" | \"behavior\":\"isolated\" | pre_tokenizer.pretokenizers[0].behavior is \"isolated\"; expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
        "mistral | \"prepend_scheme\":\"first\" | \"prepend_scheme\":\"last\" | pre_tokenizer.prepend_scheme is \"last\"; expected always, first or never",
      })
  void aFileThatIsNotSuchATokenizerIsRefusedByItsField(
      String name, String original, String replacement, String problem) throws IOException {
    String content = GoldenTokenizers.content(name);
    String changed = content.replace(original, replacement == null ? "" : replacement);
    assertFalse(changed.equals(content), original);

    assertEquals(
        MutatedTokenizer.FILE + ": " + problem,
        Refusal.of(FormatException.class, () -> MutatedTokenizer.read(changed)));
  }

  @Test
  void aPatternThatJavaReadsInAnotherWayIsRefused() throws IOException {
    String content = GoldenTokenizers.content("llama3");
    for (String bad :
        List.of("(((", "\\\\h", "[[:alpha:]]", "\\\\p{^L}", "(?m:.)", "((".repeat(40), "[")) {
      String changed = content.replace("{\"Regex\":\"", "{\"Regex\":\"" + bad + "|");
      String message = Refusal.of(FormatException.class, () -> MutatedTokenizer.read(changed));

      assertTrue(
          message.startsWith(
              "changed.json: pre_tokenizer.pretokenizers[0].pattern.Regex is \""
                  + bad.substring(0, 1)),
          message);
      assertTrue(
          message.endsWith("expected a regular expression that java.util.regex reads the same way"),
          message);
    }
  }

  @Test
  void mergesAreCheckedOneByOne() throws IOException {
    String content = GoldenTokenizers.content("gpt2");
    int merges = content.indexOf("\"merges\":[");
    for (String bad : List.of("[\"a\"]", "\"a\"", "[\"a\",\"a b\"]", "7", "[\"\u0120\",1]")) {
      String changed = content.substring(0, merges) + "\"merges\":[" + bad + "]}}";

      assertEquals(
          "changed.json: model.merges[0] is %s; expected two tokens of the vocabulary that make another one"
              .formatted(bad),
          Refusal.of(FormatException.class, () -> MutatedTokenizer.read(changed)));
    }
  }

  @Test
  void mergesMayBeWrittenAsText() throws IOException {
    String content = GoldenTokenizers.content("gpt2");
    String older =
        content.replaceAll("\\[(\"(?:[^\"\\\\]|\\\\.)+)\",\"((?:[^\"\\\\]|\\\\.)+\")\\]", "$1 $2");

    assertFalse(older.contains("],["));
    assertEquals(GoldenTokenizers.read("gpt2").identity(), MutatedTokenizer.read(older).identity());
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void whateverIsCutOffIsRefusedInOneLine(String name) throws IOException {
    String content = GoldenTokenizers.content(name).stripTrailing();
    for (int length = 0; length < content.length(); length += 997) {
      String cut = content.substring(0, length);

      Refusal.of(FormatException.class, () -> MutatedTokenizer.read(cut));
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void damagedFilesAreRefusedOrReadButNeverFailOtherwise(String name) throws IOException {
    byte[] content = GoldenTokenizers.content(name).getBytes(StandardCharsets.UTF_8);
    SplittableRandom random = new SplittableRandom(name.hashCode());
    for (int round = 0; round < 150; round++) {
      byte[] damaged = damaged(content, random);
      try {
        Tokenizer tokenizer = Tokenizers.ofJson("damaged.json", new ByteArrayInputStream(damaged));
        tokenizer.decode(tokenizer.encode("A text\u00e9 <s> 12\n <|im_end|>").ids());
      } catch (FormatException e) {
        assertEquals(1, String.valueOf(e.getMessage()).lines().count(), e.getMessage());
      }
    }
  }

  /** Changes bytes, most of them outside the long lists, where they change what the file says. */
  private static byte[] damaged(byte[] content, SplittableRandom random) {
    byte[] damaged = content.clone();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      int range = random.nextInt(4) == 0 ? content.length : Math.min(2500, content.length);
      String bytes = "0123456789\"{}[],:x- \\(*+?<";
      damaged[random.nextInt(range)] = (byte) bytes.charAt(random.nextInt(bytes.length()));
    }
    return damaged;
  }
}
