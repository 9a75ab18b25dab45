package mechinterp.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

final class PipelineTokenizerTest {
  /**
   * Where {@code tokenizers} writes added tokens as their normalised text, so that it does not know
   * special ones any more; here they are as the vocabulary spells them.
   */
  private static final Set<String> DECODED_OTHERWISE = Set.of("llama2-normalized", "mixed");

  static final List<String> NAMES = GoldenTokenizers.NAMES;

  @ParameterizedTest
  @FieldSource("NAMES")
  void idsAreThoseOfTokenizers(String name) throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read(name);
    List<String> texts = GoldenTokenizers.texts();
    List<JsonNode> cases = GoldenTokenizers.cases(name);
    for (int i = 0; i < texts.size(); i++) {
      int[] expected = cases.get(i).get("ids").valueStream().mapToInt(JsonNode::intValue).toArray();
      String message = name + ", text " + i;

      assertArrayEquals(expected, tokenizer.encode(texts.get(i)).ids(), message);
      assertArrayEquals(expected, tokenizer.encode(texts.get(i)).ids(), message + ", once more");
      assertEquals(
          cases.get(i).get("plain").intValue(),
          tokenizer.encodePlain(texts.get(i)).size(),
          message);
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void decodedTextIsThatOfTokenizers(String name) throws IOException {
    if (DECODED_OTHERWISE.contains(name)) {
      return;
    }
    Tokenizer tokenizer = GoldenTokenizers.read(name);
    List<String> texts = GoldenTokenizers.texts();
    List<JsonNode> cases = GoldenTokenizers.cases(name);
    for (int i = 0; i < texts.size(); i++) {
      String expected = cases.get(i).path("decoded").stringValue(texts.get(i));

      assertEquals(expected, tokenizer.decode(tokenizer.encode(texts.get(i)).ids()), name);
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void textThatComesTokenByTokenIsTheWholeText(String name) throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read(name);
    for (String text : GoldenTokenizers.texts()) {
      int[] ids = tokenizer.encodePlain(text).ids();
      TokenDecoder decoder = tokenizer.decoder(SpecialTokens.KEEP);
      StringBuilder streamed = new StringBuilder();
      for (int id : ids) {
        String part = decoder.add(id);
        assertTrue(part.isEmpty() || !part.endsWith("\ufffd") || text.contains("\ufffd"), part);
        streamed.append(part);
      }
      streamed.append(decoder.end());

      assertEquals(tokenizer.decode(ids, SpecialTokens.KEEP), streamed.toString());
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void placesRiseAndCoverWhatTheTokensCameFrom(String name) throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read(name);
    SplittableRandom random = new SplittableRandom(5);
    for (int round = 0; round < 100; round++) {
      StringBuilder drawn = new StringBuilder();
      for (int i = random.nextInt(60); i > 0; i--) {
        drawn.appendCodePoint(random.nextInt(random.nextInt(4) > 0 ? 0x80 : 0x110000));
      }
      String text = drawn.toString();
      Encoding encoding = tokenizer.encodePlain(text);
      int start = 0;
      for (int i = 0; i < encoding.size(); i++) {
        assertTrue(encoding.start(i) >= start, text);
        assertTrue(encoding.end(i) > encoding.start(i), text);
        start = encoding.start(i);
      }
      assertTrue(start <= text.length(), text);
    }
  }

  @Test
  void placesOfByteTokensAreTheWholeCharacter() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("gpt2");
    String text = "a \ud83e\udd84 b";
    Encoding encoding = tokenizer.encode(text);
    List<String> places =
        IntStream.range(0, encoding.size())
            .mapToObj(i -> text.substring(encoding.start(i), encoding.end(i)))
            .distinct()
            .toList();

    assertEquals(List.of("a", " \ud83e\udd84", "\ud83e\udd84", " b"), places);
    assertTrue(encoding.size() > places.size());
  }

  @Test
  void aPrependedMarkStandsWithTheFirstCharacter() throws IOException {
    Encoding encoding = GoldenTokenizers.read("llama2").encode("\u4f60");

    assertEquals(0, encoding.end(0), "<s>");
    for (int i = 1; i < encoding.size(); i++) {
      assertEquals(0, encoding.start(i));
      assertEquals(1, encoding.end(i));
    }
  }

  @Test
  void halvesOfSurrogatePairsAreReplacementCharacters() throws IOException {
    for (String name : NAMES) {
      Tokenizer tokenizer = GoldenTokenizers.read(name);

      assertArrayEquals(
          tokenizer.encode("a\ufffdb\ufffd\ufffd").ids(),
          tokenizer.encode("a\ud83eb\udd84\ud83e").ids(),
          name);
    }
  }

  @Test
  void everyByteDecodesAndComesBack() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("gpt2");
    for (int b = 0; b < 256; b++) {
      int id = tokenizer.id(String.valueOf(ByteAlphabet.character(b))).orElseThrow();
      String expected = b < 0x80 ? String.valueOf((char) b) : "\ufffd";

      assertEquals(expected, tokenizer.decode(id));
    }
  }

  @Test
  void bytesThatAreNoUtf8BecomeReplacementCharacters() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("llama2");
    int[] ids =
        IntStream.of(0xE2, 0x96, 0x41, 0xF0, 0x9F)
            .map(b -> tokenizer.id("<0x%02X>".formatted(b)).orElseThrow())
            .toArray();

    assertEquals("\ufffdA\ufffd", tokenizer.decode(ids));
  }

  @Test
  void eachByteOfHalfASurrogatePairBecomesAReplacementCharacter() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("gpt2");
    int[] ids =
        IntStream.of(0xED, 0xA0, 0x80, 0xED, 0x9F, 0xBF, 0xED, 0xBF)
            .map(b -> tokenizer.id(String.valueOf(ByteAlphabet.character(b))).orElseThrow())
            .toArray();

    assertEquals("\ufffd\ufffd\ufffd\ud7ff\ufffd\ufffd", tokenizer.decode(ids));
  }

  @ParameterizedTest
  @ValueSource(strings = {"(.|\\\\n)*", "(a|a)*$", "(.*)(.*)(.*)(.*)x"})
  void aRegularExpressionThatTakesTooManyStepsIsRefused(String regex) throws IOException {
    String content = GoldenTokenizers.content("llama3");
    int start = content.indexOf("\"Regex\":\"") + "\"Regex\":\"".length();
    int end = content.indexOf("\"},\"behavior\"", start);
    Tokenizer tokenizer =
        MutatedTokenizer.read(content.substring(0, start) + regex + content.substring(end));

    String message =
        Refusal.of(IllegalArgumentException.class, () -> tokenizer.encode("a".repeat(100_000)));
    assertEquals(
        "tokenizer: the regular expression \"%s\" cannot be followed through a text of 100000 chars; it takes too many steps"
            .formatted(regex.replace("\\\\", "\\")),
        message);
  }

  @Test
  void aLongTextIsTheSameAsItsPartsTogether() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("llama2");
    String text = "x".repeat(100_000);
    int[] ids = tokenizer.encodePlain(text).ids();

    assertEquals(text, tokenizer.decode(ids));
  }

  @Test
  void theFirstTokensAreKeptWithWhatStandsAround() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("mixed");
    Encoding whole = tokenizer.encode("one two three");
    Encoding cut = tokenizer.encode("one two three", 4);

    assertEquals(4, cut.size());
    assertEquals(whole.id(0), cut.id(0));
    assertEquals(whole.id(2), cut.id(2));
    assertEquals(whole.id(whole.size() - 1), cut.id(3));
  }

  @Test
  void specialTokensAreLeftOutOfTextUnlessTheyAreWanted() throws IOException {
    Tokenizer tokenizer = GoldenTokenizers.read("llama3");
    int[] ids = tokenizer.encode("Hi<|eot_id|>").ids();

    assertEquals("Hi", tokenizer.decode(ids));
    assertEquals("<|begin_of_text|>Hi<|eot_id|>", tokenizer.decode(ids, SpecialTokens.KEEP));
    assertTrue(tokenizer.isSpecial(ids[0]));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama2", "qwen2"})
  void identityChangesWithWhatChangesTokens(String name) throws IOException {
    String content = GoldenTokenizers.content(name);
    Set<String> identities = new HashSet<>();
    identities.add(GoldenTokenizers.read(name).identity());
    for (String changed :
        List.of(
            content.replace("\"normalized\":false", "\"normalized\":true"),
            content.replace("\"ignore_merges\":false", "\"ignore_merges\":true"),
            content.replaceFirst(
                "\\[\"([^\"]+)\",\"([^\"]+)\"\\],(\\[\"[^\"]+\",\"[^\"]+\"\\])",
                "$3,[\"$1\",\"$2\"]"))) {
      assertNotEquals(content, changed);
      assertTrue(identities.add(MutatedTokenizer.read(changed).identity()));
    }
    assertTrue(identities.iterator().next().startsWith("bpe sha256:"));
  }
}
