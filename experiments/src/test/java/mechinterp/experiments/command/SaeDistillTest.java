package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import mechinterp.experiments.Execution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code sae distill}, and what encodes with its selector. */
class SaeDistillTest {
  @TempDir private Path folder;

  private static Execution distill(Path sae, Path activations, Path out, String... more) {
    String[] arguments = {
      "sae",
      "distill",
      "--sae",
      sae.toString(),
      "--activations",
      activations.toString(),
      "--out",
      out.toString(),
      "--batch",
      "64",
      "--steps",
      "20"
    };
    return Execution.of(Samples.concat(arguments, more));
  }

  private Path encoded(Path sae, Path activations, String name, String... more) {
    Path out = folder.resolve(name);
    String[] arguments = {
      "sae",
      "encode",
      "--sae",
      sae.toString(),
      "--activations",
      activations.toString(),
      "--out",
      out.toString()
    };
    Execution.of(Samples.concat(arguments, more)).assertDone();
    return out;
  }

  @Test
  void aSelectorIsDistilledSavedAndUsedWhereItIsAskedFor() throws IOException {
    Path activations = Samples.activationsFile(folder);
    Path sae = Samples.sae(folder, "--activations", activations);
    Path out = folder.resolve("distilled");
    JsonNode result =
        distill(sae, activations, out, "--rank", "2", "--factor", "2", "--json")
            .assertDone()
            .json();
    assertEquals(2, result.get("rank").asInt());
    assertEquals(6, result.get("shortlist").asInt());
    assertEquals(30, result.get("held_out_tokens").asInt());
    double recall = result.get("recall").asDouble();
    assertTrue(recall > 0.4 && recall <= 1, "recall " + recall);
    assertEquals(4 * (6 + 16 * 7), result.get("dense_bytes").asInt());

    byte[] dense = Files.readAllBytes(encoded(sae, activations, "a.safetensors"));
    assertArrayEquals(dense, Files.readAllBytes(encoded(out, activations, "b.safetensors")));
    Path selected = encoded(out, activations, "c.safetensors", "--selector");
    assertFalse(Arrays.equals(dense, Files.readAllBytes(selected)));
    Execution.of(
            "eval", "--sae", out.toString(), "--activations", activations.toString(), "--selector")
        .assertDone();
  }

  @Test
  void whatCannotBeDistilledIsRefused() throws IOException {
    Path activations = Samples.activationsFile(folder);
    Path sae = Samples.sae(folder, "--activations", activations);
    Path out = folder.resolve("out");
    distill(sae, activations, out, "--rank", "7")
        .assertRefused("rank: is 7, d_in is 6; rank must be at most d_in");
    distill(sae, activations, out, "--factor", "0")
        .assertRefused("selector_factor: is 0; it must be at least 1");
    distill(sae, activations, sae).assertRefused("holds files; name a new or empty folder");
    assertFalse(Files.exists(out));
    Execution.of(
            "eval", "--sae", sae.toString(), "--activations", activations.toString(), "--selector")
        .assertRefused("selector.safetensors: is missing; sae distill makes a selector");
  }
}
