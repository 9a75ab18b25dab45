package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {
  @TempDir Path folder;

  enum Schedule {
    CONSTANT,
    LINEAR_DECAY
  }

  record Step(int size, Schedule schedule) {
    Step {
      if (size < 1) {
        throw new IllegalArgumentException("size is " + size + "; it must be at least 1");
      }
    }
  }

  record Config(
      int dSae, double learningRate, String name, List<Step> steps, Optional<Long> seed) {}

  private static final Config CONFIG =
      new Config(
          8192,
          3e-4,
          "a \"b\" ü",
          List.of(new Step(1, Schedule.CONSTANT), new Step(2, Schedule.LINEAR_DECAY)),
          Optional.of(7L));

  private static final String VALID =
      """
      {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[{"size":1,"schedule":"constant"}]}\
      """;

  private String refusal(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("c.json"), text);
    String message = Refusal.of(FormatException.class, () -> Json.read(file, Config.class));
    assertTrue(message.startsWith(file + ": "), message);
    return message;
  }

  @Test
  void recordsComeBackEqual() throws IOException {
    Path file = folder.resolve("c.json");
    Json.write(file, CONFIG);
    assertEquals(CONFIG, Json.read(file, Config.class));
    String text = Files.readString(file);
    assertTrue(text.contains("\"learning_rate\": 3.0E-4"), text);
    assertTrue(text.contains("\"schedule\": \"linear_decay\""), text);
    assertTrue(text.startsWith("{\n  \"d_sae\": 8192,\n  \"learning_rate\""), text);
  }

  @Test
  void anOptionalMayBeMissingAndNothingElseMay() throws IOException {
    Path file = Files.writeString(folder.resolve("c.json"), VALID);
    assertEquals(Optional.empty(), Json.read(file, Config.class).seed());
    assertEquals(VALID, Json.compact(Json.read(file, Config.class)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[],"x":1} | field x: is unknown; known are [d_sae, learning_rate, name, seed, steps]
          {"d_sae":4,"learning_rate":1.5,"name":"n"} | field steps: is missing
          {"d_sae":null,"learning_rate":1.5,"name":"n","steps":[]} | field d_sae: Cannot map `null` into type `int`
          {"d_sae":4,"learning_rate":1.5,"name":null,"steps":[]} | field name: Null value
          {"d_sae":4.5,"learning_rate":1.5,"name":"n","steps":[]} | field d_sae: Cannot coerce Floating-point value (4.5)
          {"d_sae":"4","learning_rate":1.5,"name":"n","steps":[]} | field d_sae: Cannot coerce String value ("4")
          {"d_sae":4,"learning_rate":1.5,"name":7,"steps":[]} | field name: Cannot coerce Integer value (7)
          {"d_sae":5000000000,"learning_rate":1.5,"name":"n","steps":[]} | field d_sae: line 1, column 20: Numeric value (5000000000) out of range of `int`
          {"d_sae":4,"d_sae":5} | Duplicate Object property "d_sae"
          {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[{"size":1,"schedule":"cosine"}]} | field steps[0].schedule:
          {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[{"size":1,"schedule":0}]} | field steps[0].schedule:
          {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[{"size":0,"schedule":"constant"}]} | field steps[0]: size is 0; it must be at least 1
          {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[]} {} | Trailing token
          {"d_sae":4,"learning_rate":1.5,"name":"n","steps":[null]} | field steps
          {"d_sae":4, | line 1, column
          [] | Cannot deserialize
          null | holds null
          """)
  void whatIsNotExactlyTheRecordIsRefusedByItsPath(String text, String expected)
      throws IOException {
    String message = refusal(text);
    assertTrue(message.contains(expected), message);
  }

  @Test
  void anEmptyOrBrokenFileIsRefused() throws IOException {
    refusal("");
    refusal("\u0000\u0001");
    refusal("[".repeat(100_000));
    Path file = Files.write(folder.resolve("c.json"), new byte[] {'"', (byte) 0xff, '"'});
    assertEquals(
        file + ": is not UTF-8; it must be JSON in UTF-8",
        Refusal.of(FormatException.class, () -> Json.read(file, String.class)));
    Path missing = folder.resolve("no.json");
    assertEquals(
        missing + ": cannot be read: it does not exist",
        Refusal.of(IOException.class, () -> Json.read(missing, Config.class)));
  }

  @Test
  void canonicalTextDoesNotDependOnOrder() {
    TreeMap<String, Object> one = new TreeMap<>(Map.of("b", 1, "a", Map.of("y", 2, "x", 1)));
    Map<String, Object> other = new LinkedHashMap<>();
    one.reversed().forEach(other::put);
    assertEquals("{\"a\":{\"x\":1,\"y\":2},\"b\":1}", Json.canonical(one));
    assertEquals(Json.canonical(one), Json.canonical(other));
    assertTrue(Json.canonical(CONFIG).startsWith("{\"d_sae\":8192,\"learning_rate\":"));
  }
}
