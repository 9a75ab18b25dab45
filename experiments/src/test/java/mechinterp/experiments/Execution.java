package mechinterp.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import mechinterp.io.Json;
import tools.jackson.databind.JsonNode;

/**
 * What a command line did in this JVM.
 *
 * @param exitCode its exit code
 * @param out standard output
 * @param err standard error
 */
public record Execution(int exitCode, String out, String err) {

  /** Runs a command line in this JVM. */
  public static Execution of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode = Main.run(new PrintWriter(out), new PrintWriter(err), arguments);
    return new Execution(exitCode, out.toString(), err.toString());
  }

  /** Checks for exit code 2 and one line on standard error, with these parts in it. */
  public void assertRefused(String... parts) {
    assertEquals(2, exitCode, err);
    assertEquals("", out);
    assertTrue(err.startsWith("mechinterp: "), err);
    assertEquals(1, err.lines().count(), err);
    assertFalse(err.contains("\tat "), err);
    for (String part : parts) {
      assertTrue(err.contains(part), "\"" + part + "\" in " + err);
    }
  }

  /** Checks for exit code 2 and a last line of standard error with this in it. */
  public void assertRefusedAtTheEnd(String part) {
    assertEquals(2, exitCode, err);
    String last = err.lines().toList().getLast();
    assertTrue(last.startsWith("mechinterp: ") && last.contains(part), err);
  }

  /** Checks for exit code 0. */
  public Execution assertDone() {
    assertEquals(0, exitCode, err);
    return this;
  }

  /** Returns standard output, which must be one JSON value and nothing else. */
  public JsonNode json() throws IOException {
    byte[] bytes = out.getBytes(StandardCharsets.UTF_8);
    return Json.read("standard output", new ByteArrayInputStream(bytes), JsonNode.class);
  }
}
