package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class JsonFieldTest {
  private static JsonField json(String text) throws IOException {
    return JsonField.read(
        "config.json", new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void assertRefused(String message, Executable reading) {
    assertEquals(message, assertThrows(FormatException.class, reading).getMessage());
  }

  @Test
  void readsValuesByTheirPath() throws IOException {
    JsonField root = json("{\"a\": {\"b\": [1, 2.5, true, \"x\"]}}");
    JsonField list = root.at("a").at("b");
    assertEquals(1, list.item(0).count());
    assertEquals(2.5, list.item(1).number());
    assertEquals(1.0, list.item(0).number());
    assertTrue(list.item(2).flag());
    assertEquals("x", list.items().get(3).text());
    assertEquals("a.b[3]", list.item(3).path());
  }

  @Test
  void takesTheOtherValueForWhatIsMissingOrNull() throws IOException {
    JsonField root = json("{\"none\": null}");
    assertEquals(7, root.at("none").count(7));
    assertEquals(0.5, root.at("missing").number(0.5));
    assertTrue(root.at("missing").at("deeper").flag(true));
  }

  @Test
  void findsTheFirstOfSeveralNames() throws IOException {
    JsonField root = json("{\"a\": null, \"b\": 2, \"c\": 3}");
    assertEquals("b", root.atFirst("a", "b", "c").path());
    assertEquals("x", root.atFirst("x", "y").path());
  }

  @Test
  void namesFileAndFieldOfWhatItRefuses() throws IOException {
    JsonField root = json("{\"a\": {\"b\": \"text\", \"c\": -1, \"d\": 1.5}}");
    JsonField a = root.at("a");
    assertRefused("config.json: a.b is \"text\"; expected a number", () -> a.at("b").number());
    assertRefused(
        "config.json: a.c is -1; expected a whole number from 0 on", () -> a.at("c").count(3));
    assertRefused(
        "config.json: a.d is 1.5; expected a whole number from 0 on", () -> a.at("d").count());
    assertRefused("config.json: a.x is missing; expected a string", () -> a.at("x").text());
    assertRefused(
        "config.json: the content is {\"a\":{\"b\":\"text\",\"c\":-1,\"d\":1.5}}; expected a list",
        root::items);
  }
}
