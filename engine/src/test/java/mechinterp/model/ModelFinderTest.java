package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import mechinterp.io.Refusal;
import mechinterp.io.hub.HubListener;
import mechinterp.model.ModelFinder.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFinderTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir private Path folder = Path.of("");

  private ModelFinder finder() {
    Map<String, String> environment = Map.of("HF_HUB_CACHE", folder.resolve("hub").toString());
    return new ModelFinder(new RemoteModels(environment, folder, true, HubListener.none()));
  }

  private String refusal(String name) {
    return Refusal.of(IllegalArgumentException.class, () -> finder().find(name, Part.MODEL));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  @Test
  void aModelOfTheHubIsFoundInTheCache() throws IOException {
    Path repository = folder.resolve("hub/models--someone--small-gpt2");
    copy(GoldenModels.folder().resolve("gpt2"), repository.resolve("snapshots").resolve(COMMIT));
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), COMMIT);

    ModelFiles found = finder().find("someone/small-gpt2", Part.MODEL);

    try (OpenModel model = found.open()) {
      assertEquals("someone/small-gpt2", model.config().name());
      assertEquals(18, model.config().dModel());
    }
    assertEquals(found, finder().find("someone/small-gpt2", Part.TOKENIZER));
  }

  @Test
  void aNameThatIsNowhereIsRefusedWithWhatTheHubSays() {
    String message = refusal("someone/other");
    assertTrue(message.startsWith("model someone/other: no model, folder or file of this name"));
    assertTrue(message.contains("someone/other: is not in the cache"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"./gpt2", "/gpt2", "a/b/c", "missing.gguf", "a b", "a--b", "\0", ""})
  void whatCannotBeANameOnTheHubIsNotLookedForThere(String name) {
    String message = refusal(name);
    assertTrue(message.endsWith("and models of the hub"), message);
  }

  @Test
  void aModelOfAPythonPackageIsFoundInTheCache() throws IOException {
    Path file = folder.resolve(".cache/mechinterp/packages/small-llama/1.0/small.gguf");
    Files.createDirectories(file.getParent());
    Files.write(file, new byte[0]);

    assertEquals(new GgufModel("small", file), finder().find("pypi:small_llama", Part.MODEL));
    assertEquals(
        "pypi:small-llama==2.0: is not in the cache %s; without --offline it is fetched"
            .formatted(folder.resolve(".cache/mechinterp")),
        refusal("pypi:small-llama==2.0"));
  }

  @Test
  void aFolderIsNamedByItsOwnName() throws IOException {
    Path model = folder.resolve("mine");
    copy(GoldenModels.folder().resolve("gpt2"), model);
    assertEquals(new FolderFiles("mine", model), finder().find(model.toString(), Part.MODEL));
  }

  @Test
  void aFolderWithoutAModelIsRefused() {
    assertEquals(
        "model %s: no file config.json with safetensors, and no model.onnx".formatted(folder),
        Refusal.of(IOException.class, () -> finder().find(folder.toString(), Part.MODEL)));
  }

  @Test
  void aFileThatIsNoGgufIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("weights.bin"), "x");
    assertEquals(
        "model %s: is a file; of files only those that end with .gguf hold a model".formatted(file),
        refusal(file.toString()));
  }
}
