package mechinterp.experiments.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mechinterp.io.Json;
import mechinterp.tokenizer.Encoding;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** The tokenizer of all-MiniLM-L6-v2 against Hugging Face tokenizers, on difficult texts. */
final class MiniLmTokenizerTest {
  private static final String FILE = "all-minilm-l6-v2-tokenizer.json";

  @TestFactory
  Stream<DynamicTest> idsAndOffsetsAreThoseOfTokenizers() throws IOException {
    Tokenizer tokenizer;
    try (InputStream in =
        Objects.requireNonNull(MiniLmTokenizerTest.class.getResourceAsStream("/" + FILE))) {
      tokenizer = Tokenizers.ofJson(FILE, in);
    }
    try (InputStream in = Golden.open("minilm-tokenizer.json")) {
      JsonNode cases = Json.read("minilm-tokenizer.json", in, JsonNode.class);
      return IntStream.range(0, cases.size())
          .mapToObj(i -> dynamicTest("text " + i, () -> check(tokenizer, cases.get(i))));
    }
  }

  private static void check(Tokenizer tokenizer, JsonNode expected) {
    Encoding found = tokenizer.encode(expected.get("text").stringValue());
    int[] tokens = IntStream.range(0, found.size()).toArray();

    assertEquals(numbers(expected.get("ids")), Arrays.stream(found.ids()).boxed().toList());
    assertEquals(
        numbers(expected.get("starts")), Arrays.stream(tokens).map(found::start).boxed().toList());
    assertEquals(
        numbers(expected.get("ends")), Arrays.stream(tokens).map(found::end).boxed().toList());
  }

  private static List<Integer> numbers(JsonNode list) {
    return list.valueStream().map(JsonNode::intValue).toList();
  }
}
