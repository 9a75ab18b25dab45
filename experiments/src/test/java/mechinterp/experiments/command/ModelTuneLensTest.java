package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mechinterp.experiments.Execution;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Lenses of a tiny GPT-2 with random weights. */
final class ModelTuneLensTest {
  @TempDir private Path parent = Path.of("");
  private Path model = Path.of("");
  private Path text = Path.of("");

  @BeforeEach
  void writeAModelAndAText() throws IOException {
    model = Files.createDirectory(parent.resolve("tiny"));
    TinyGpt2.write(model);
    List<String> lines = new ArrayList<>();
    for (int line = 0; line < 40; line++) {
      lines.add("the cat sat on the mat and the other cat number " + line);
    }
    text = Files.write(parent.resolve("text.txt"), lines);
  }

  private Execution tune(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("model", "tune-lens", "--model", model.toString()));
    arguments.addAll(List.of("--text", text.toString(), "--out", lens().toString()));
    arguments.addAll(List.of(more));
    return Execution.of(arguments.toArray(String[]::new));
  }

  private Path lens() {
    return parent.resolve("lens");
  }

  private Execution show(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("model", "lens", "--model", model.toString(), "--ids", "5,1,7"));
    arguments.addAll(List.of(more));
    return Execution.of(arguments.toArray(String[]::new));
  }

  @Test
  void aTunedLensIsNearerAndIsShownBesideTheLogitLens() throws IOException {
    Execution done = tune("--steps", "60", "--batch", "200", "--lr", "0.05", "--json").assertDone();
    JsonNode layers = done.json().at("/layers");
    assertEquals("blocks.0.hook_resid_pre", layers.at("/0/hook").stringValue());
    assertEquals(2, layers.size());
    for (JsonNode layer : layers) {
      double plain = layer.at("/logit_lens").doubleValue();
      assertTrue(layer.at("/tuned_lens").doubleValue() < 0.9 * plain, layers.toString());
    }
    assertTrue(done.err().contains("tuned lens"), done.err());
    JsonNode shown = show("--tuned", lens().toString(), "--json").assertDone().json();
    assertEquals(3, shown.at("/layers").size());
    assertEquals(3, shown.at("/tuned").size());
    assertEquals(shown.at("/layers/2"), shown.at("/tuned/2"));
    Execution table = show("--tuned", lens().toString()).assertDone();
    assertTrue(table.out().contains("tuned") && table.out().contains("after"), table.out());
    assertFalse(show("--json").assertDone().json().has("tuned"));
  }

  @Test
  void badInputIsOneLine() throws IOException {
    tune("--steps", "0").assertRefusedAtTheEnd("steps: is 0; it must be at least 1");
    tune("--lr", "-1").assertRefusedAtTheEnd("learning_rate: is -1.0");
    tune("--context", "33").assertRefusedAtTheEnd("--context: is 33; tiny takes 1 to 32");
    tune("--tokens", "9").assertRefusedAtTheEnd("there must be 10 at least");
    assertFalse(Files.exists(lens()));
    show("--tuned", lens().toString()).assertRefusedAtTheEnd("config.json");
    Files.createDirectory(lens());
    Files.writeString(lens().resolve("config.json"), "{\"d_model\": 9, \"num_hidden_layers\": 2}");
    show("--tuned", lens().toString())
        .assertRefusedAtTheEnd("is of 2 layers and d_model 9; tiny has 2 and 8");
    tune().assertRefusedAtTheEnd("lens");
  }
}
