package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import mechinterp.experiments.Execution;
import mechinterp.io.Json;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class BenchForwardTest {
  @TempDir private Path folder;

  @BeforeEach
  void writeModel() throws IOException {
    TinyLanguageModel.write(folder);
  }

  private Execution bench(String... more) {
    String[] arguments = {
      "bench", "forward", "--model", folder.toString(), "--sequences", "3", "--threads", "1"
    };
    String[] all = new String[arguments.length + more.length];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return Execution.of(all);
  }

  @Test
  void everyPhaseHasItsRateAndItsMemory() throws IOException {
    JsonNode result =
        bench(
                "--tokens",
                "5",
                "--rounds",
                "2",
                "--phases",
                "trunk,logits,gradients,training",
                "--json")
            .assertDone()
            .json();

    JsonNode rates = result.get("rates");
    assertEquals(4, rates.size());
    List<Integer> tokens = List.of(15, 15, 10, 10);
    for (int i = 0; i < rates.size(); i++) {
      JsonNode rate = rates.get(i);
      assertEquals(tokens.get(i), rate.get("tokens").asInt());
      assertTrue(rate.get("slowest").asDouble() > 0);
      assertTrue(rate.get("slowest").asDouble() <= rate.get("median").asDouble());
      assertTrue(rate.get("median").asDouble() <= rate.get("fastest").asDouble());
    }
    assertTrue(planned(rates, 3, "weights") > planned(rates, 0, "weights"));
    assertTrue(planned(rates, 2, "workspace") > 0);
  }

  private static long planned(JsonNode rates, int phase, String what) {
    return rates.get(phase).get("planned_bytes").get(what).asLong();
  }

  @Test
  void anotherProgramCanAskForRoundsOneByOne() throws IOException {
    InputStream before = System.in;
    try {
      System.setIn(new ByteArrayInputStream("logits\nTRUNK\n".getBytes(StandardCharsets.UTF_8)));

      List<String> lines =
          bench("--tokens", "4", "--on-demand").assertDone().out().lines().toList();

      assertEquals(2, lines.size());
      JsonNode first = parsed(lines.getFirst());
      assertEquals("logits", first.get("phase").asString());
      assertEquals(12, first.get("tokens").asInt());
      assertEquals(
          12, first.get("tokens_per_second").asDouble() * first.get("seconds").asDouble(), 1e-6);
      assertEquals("trunk", parsed(lines.getLast()).get("phase").asString());
    } finally {
      System.setIn(before);
    }
  }

  private static JsonNode parsed(String line) throws IOException {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return Json.read("line", new ByteArrayInputStream(bytes), JsonNode.class);
  }

  @Test
  void sizesThatAreNotPossibleAreRefused() {
    bench("--rounds", "0").assertRefused("--rounds", "0");
    bench("--tokens", "13", "--rounds", "1").assertRefusedAtTheEnd("13 tokens");
  }
}
