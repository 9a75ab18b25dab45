package mechinterp.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WordPieceTokenizerTest {
  private final Tokenizer tokenizer = TinyWordPiece.tokenizer();

  /** The tokens between the special ones, as the vocabulary spells them. */
  private List<String> tokens(String text) {
    Encoding encoding = tokenizer.encode(text);
    return IntStream.range(1, encoding.size() - 1)
        .mapToObj(i -> tokenizer.token(encoding.id(i)))
        .toList();
  }

  /** The parts of the text that the tokens between the special ones came from. */
  private List<String> places(String text) {
    Encoding encoding = tokenizer.encode(text);
    return IntStream.range(1, encoding.size() - 1)
        .mapToObj(i -> text.substring(encoding.start(i), encoding.end(i)))
        .toList();
  }

  @Test
  void aWordIsSpelledByTheLongestTokensFromTheLeft() {
    assertEquals(List.of("unaff", "##able"), tokens("unaffable"), "not un ##aff ##able");
    assertEquals(List.of("un", "##a"), tokens("una"));
    assertEquals(List.of("a", "##ble"), tokens("able"), "not ##able, which begins no word");
  }

  @Test
  void aWordThatCannotBeSpelledToItsEndIsUnknownAsAWhole() {
    assertEquals(List.of("[UNK]"), tokens("unx"));
    assertEquals(List.of("unx"), places("unx"));
    assertEquals(List.of("[UNK]", ",", "a"), tokens("x,a"));
  }

  @Test
  void aWordOfMoreCodePointsThanAllowedIsUnknown() {
    assertEquals(9, tokens("aaaaaaaaa").size());
    assertEquals(List.of("[UNK]"), tokens("aaaaaaaaaa"));
  }

  @Test
  void accentsCaseAndControlCharactersGoButPlacesStay() {
    String text = "CAFE\u0301, caf\u00e9\u0000\tA\u200b";

    assertEquals(List.of("cafe", ",", "cafe", "a"), tokens(text));
    assertEquals(List.of("CAFE", ",", "caf\u00e9", "A"), places(text));
  }

  @Test
  void chineseCharactersAreWords() {
    assertEquals(List.of("a", "\u4e2d", "a"), tokens("a\u4e2da"));
    assertEquals(List.of("a", "\u4e2d", "a"), places("a\u4e2da"));
  }

  @Test
  void charactersBeyondTheFirstPlaneCountAsTwoCharsInPlaces() {
    String text = "\ud835\udc00 a";

    assertEquals(List.of("[UNK]", "a"), tokens(text));
    assertEquals(List.of("\ud835\udc00", "a"), places(text));
  }

  @Test
  void specialTokensStandAroundTheTextWithoutAPlaceInIt() {
    Encoding encoding = tokenizer.encode("a");

    assertEquals(List.of(2, 12, 3), IntStream.of(encoding.ids()).boxed().toList());
    assertEquals(0, encoding.end(0));
    assertEquals(0, encoding.start(2));
    assertEquals(0, encoding.end(2));
  }

  @Test
  void anEmptyTextIsTheSpecialTokensAlone() {
    assertEquals(2, tokenizer.encode("").size());
    assertEquals(2, tokenizer.encode(" \t\u0001").size());
  }

  @Test
  void addedTokensAreCutOutOfTheRawText() {
    assertEquals(List.of("a", "[SEP]", "a"), tokens("a[SEP]a"));
    assertEquals(List.of("[UNK]", "[UNK]", "[UNK]"), tokens("[sep]"), "not the same raw text");
    assertEquals(
        List.of("[UNK]", "[CLS]", "[UNK]", "a"), tokens("[[CLS]]a"), "brackets around it stay");
  }

  @Test
  void addedTokensTakeTheWhiteSpaceThatTheyAreToldToTake() {
    assertEquals(List.of("a", "[MASK]", "a"), tokens("a \t[MASK] a"));
    assertEquals(List.of("a", " \t[MASK]", "a"), places("a \t[MASK] a"));
    assertEquals(List.of("a", "<id>  ", "a"), places("a <id>  a"));
  }

  @Test
  void anAddedTokenThatMustStandAloneDoesNotTouchWords() {
    assertEquals(List.of("<id>"), tokens("<id>"));
    assertEquals(List.of(",", "<id>", ","), tokens(",<id>,"));
    assertFalse(tokens("a<id>").contains("<id>"));
    assertFalse(tokens("<id>a").contains("<id>"));
  }

  @Test
  void aTextIsNeverCutUnlessAsked() {
    String text = "a ".repeat(1000);

    assertEquals(1002, tokenizer.encode(text).size());
    Encoding cut = tokenizer.encode(text, 7);
    assertEquals(7, cut.size());
    assertEquals(2, cut.id(0));
    assertEquals(3, cut.id(6), "the closing token stays");
    assertEquals(3, tokenizer.encode("a", 7).size());
    assertEquals(2, tokenizer.encode(text, 2).size());
  }

  @Test
  void roomForTheSpecialTokensIsTheLeast() {
    assertEquals(
        "encode: maxTokens is 1; the special tokens alone are 2",
        Refusal.of(IllegalArgumentException.class, () -> tokenizer.encode("a", 1)));
  }

  @Test
  void specialTokensAreThoseThatTheFileCallsSpecial() {
    assertTrue(tokenizer.isSpecial(2));
    assertTrue(tokenizer.isSpecial(4));
    assertFalse(tokenizer.isSpecial(15));
    assertFalse(tokenizer.isSpecial(12));
  }

  @Test
  void addedTokensAreInTheVocabulary() {
    assertEquals(16, tokenizer.vocabularySize());
    assertEquals("<id>", tokenizer.token(15));
    assertEquals(
        "token: id is 16; ids are 0 to 15",
        Refusal.of(IllegalArgumentException.class, () -> tokenizer.token(16)));
  }

  @Test
  void plainTokensAreThoseOfTheTextAlone() {
    assertEquals(List.of(12), IntStream.of(tokenizer.encodePlain("a").ids()).boxed().toList());
    assertEquals(3, tokenizer.encodePlain("[SEP]").id(0), "spelled out in the text itself");
    assertEquals(0, tokenizer.encodePlain("").size());
  }

  @Test
  void decodedWordsHaveSpacesBetweenAndNoMarks() {
    int[] ids = tokenizer.encode("unaffable a, cafe").ids();

    assertEquals("unaffable a, cafe", tokenizer.decode(ids));
    assertEquals("[CLS] unaffable a, cafe [SEP]", tokenizer.decode(ids, SpecialTokens.KEEP));
  }

  @Test
  void tokensHaveIds() {
    assertEquals(OptionalInt.of(8), tokenizer.id("##able"));
    assertEquals(OptionalInt.empty(), tokenizer.id("able"));
  }

  @Test
  void placesRiseAndLieInTheTextWhateverTheText() {
    SplittableRandom random = new SplittableRandom(5);
    for (int round = 0; round < 300; round++) {
      StringBuilder drawn = new StringBuilder();
      for (int i = random.nextInt(30); i > 0; i--) {
        drawn.appendCodePoint(random.nextInt(random.nextBoolean() ? 0x80 : 0x110000));
      }
      String text = drawn.toString();
      Encoding encoding = tokenizer.encode(text);
      int last = 0;
      for (int i = 1; i < encoding.size() - 1; i++) {
        assertTrue(encoding.start(i) >= last, text);
        assertTrue(encoding.end(i) > encoding.start(i), text);
        last = encoding.end(i);
      }
      assertTrue(last <= text.length(), text);
    }
  }

  @Test
  void identityIsThatOfVocabularyAndSettings() throws IOException {
    assertTrue(tokenizer.identity().matches("wordpiece sha256:[0-9a-f]{64}"), tokenizer.identity());
    assertEquals(tokenizer.identity(), identityWith("\"max_length\": 3", "\"max_length\": 4"));
    assertNotEquals(
        tokenizer.identity(), identityWith("\"lowercase\": true", "\"lowercase\": false"));
    assertNotEquals(tokenizer.identity(), identityWith("\"cafe\": 9", "\"tea\": 9"));
    assertNotEquals(
        tokenizer.identity(), identityWith("\"a\": 12, \"##a\": 13", "\"a\": 13, \"##a\": 12"));
  }

  private static String identityWith(String original, String replacement) throws IOException {
    return TinyWordPiece.read(changed(original, replacement)).identity();
  }

  private static String changed(String original, String replacement) {
    assertTrue(TinyWordPiece.JSON.contains(original), original);
    return TinyWordPiece.JSON.replace(original, replacement);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"##ble\": 14 | \"##ble\": 13 | model.vocab.##ble is 13; expected an id that is not taken",
        "\"##ble\": 14 | \"##ble\": -1 | model.vocab.##ble is -1; expected a whole number from 0 on",
        "\"##ble\": 14 | \"##ble\": 70000 | model.vocab.##ble is 70000; expected an id near the number of tokens, 15",
        "\"##ble\": 14 | \"##ble\": 14.5 | model.vocab.##ble is 14.5; expected a whole number from 0 on",
        "\"id\": 15 | \"id\": 70000 | added_tokens[3].id is 70000; expected an id near the number of tokens, 19",
        "\"id\": 15, \"content\": \"<id>\" | \"id\": 15, \"content\": \"un\" | added_tokens[3].content is \"un\"; expected a token that has no id yet",
        "\"id\": 15 | \"id\": 5 | added_tokens[3].id is 5; expected an id that is not taken",
        "\"<id>\" | \"\" | added_tokens[3].content is \"\"; expected text",
        "\"unk_token\": \"[UNK]\" | \"unk_token\": \"x\" | model.unk_token is \"x\"; expected a token of the vocabulary",
        "\"type\": \"BertNormalizer\" | \"type\": \"x\" | normalizer.type is \"x\"; expected BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence, Strip or StripAccents",
        "\"type\": \"BertPreTokenizer\" | \"type\": \"x\" | pre_tokenizer.type is \"x\"; expected BertPreTokenizer, ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace or WhitespaceSplit",
        "\"type\": \"WordPiece\", | \"type\": \"Unigram\", | model.type is \"Unigram\"; expected BPE or WordPiece",
        "\"clean_text\": true | \"clean_text\": 1 | normalizer.clean_text is 1; expected true or false",
        "\"max_input_chars_per_word\" | \"max\" | model.max_input_chars_per_word is missing; expected a whole number from 0 on",
        "\"ids\": [3] | \"ids\": [16] | post_processor.special_tokens.[SEP].ids[0] is 16; expected an id of the vocabulary",
        "\"type\": \"TemplateProcessing\" | \"type\": \"x\" | post_processor.type is \"x\"; expected BertProcessing, ByteLevel, RobertaProcessing, Sequence or TemplateProcessing",
      })
  void aFileThatIsNotSuchATokenizerIsRefusedByItsField(
      String original, String replacement, String problem) {
    assertEquals(
        TinyWordPiece.FILE + ": " + problem,
        Refusal.of(
            FormatException.class, () -> TinyWordPiece.read(changed(original, replacement))));
  }

  @Test
  void anAddedTokenMayBeLookedForInTheNormalisedText() throws IOException {
    String json =
        changed(
            "\"content\": \"<id>\", \"single_word\": true, \"lstrip\": false, \"rstrip\": true,\n     \"normalized\": false",
            "\"content\": \"<ID>\", \"single_word\": true, \"lstrip\": false, \"rstrip\": true,\n     \"normalized\": true");
    Tokenizer normalizing = TinyWordPiece.read(json);
    Encoding encoding = normalizing.encodePlain("A <\u00efD> a");

    assertEquals(List.of(12, 15, 12), IntStream.of(encoding.ids()).boxed().toList());
    assertEquals(2, encoding.start(1));
    assertEquals(7, encoding.end(1), "with the space behind it");
    assertEquals("<ID>", normalizing.token(15));
  }

  @Test
  void idsMayBeWithoutAToken() throws IOException {
    Tokenizer gapped = TinyWordPiece.read(changed("\"##ble\": 14", "\"##ble\": 20"));

    assertEquals(21, gapped.vocabularySize());
    assertEquals("", gapped.token(14));
    assertEquals(20, gapped.encodePlain("able").id(1));
    assertEquals("able", gapped.decode(12, 14, 20));
  }

  @Test
  void theOlderFormOfTheTemplateIsRead() throws IOException {
    int start = TinyWordPiece.JSON.indexOf("\"post_processor\"");
    int end = TinyWordPiece.JSON.indexOf("\"decoder\"");
    String json =
        TinyWordPiece.JSON.substring(0, start)
            + "\"post_processor\": {\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 3], \"cls\": [\"[CLS]\", 2]}, "
            + TinyWordPiece.JSON.substring(end);

    assertEquals(
        List.of(2, 12, 3),
        IntStream.of(TinyWordPiece.read(json).encode("a").ids()).boxed().toList());
  }

  @Test
  void whateverIsCutOffOrBrokenIsRefusedInOneLine() {
    for (int length = 0; length < TinyWordPiece.JSON.stripTrailing().length(); length += 7) {
      String json = TinyWordPiece.JSON.substring(0, length);
      Refusal.of(FormatException.class, () -> TinyWordPiece.read(json));
    }
  }

  @Test
  void damagedFilesAreRefusedOrReadButNeverFailOtherwise() {
    SplittableRandom random = new SplittableRandom(11);
    for (int round = 0; round < 1500; round++) {
      StringBuilder json = new StringBuilder(TinyWordPiece.JSON);
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        json.setCharAt(
            random.nextInt(json.length()), "0123456789\"{}[],:x- ".charAt(random.nextInt(20)));
      }
      try {
        TinyWordPiece.read(json.toString()).encode("a unaffable [MASK] <id>");
      } catch (FormatException e) {
        assertEquals(1, String.valueOf(e.getMessage()).lines().count(), e.getMessage());
      } catch (IOException e) {
        throw new AssertionError(json.toString(), e);
      }
    }
  }

  @Test
  void anEncodingHasAsManyPlacesAsIds() {
    assertThrows(
        IllegalArgumentException.class, () -> new Encoding(new int[2], new int[2], new int[1]));
  }
}
