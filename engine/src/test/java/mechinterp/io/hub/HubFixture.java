package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import mechinterp.io.http.EnvironmentProxies;
import mechinterp.io.hub.HubException.Problem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A hub with a model, an empty cache, and clients that do not really wait. */
abstract class HubFixture {
  static final HubName NAME = HubName.parse("owner/model");
  static final byte[] WEIGHTS = weights();
  static final String WEIGHTS_HASH = HubServer.sha256(WEIGHTS);
  static final String SETTINGS = "{\"model_type\": \"gpt2\"}";

  @TempDir Path folder;

  HubServer server;
  final List<Duration> pauses = new ArrayList<>();
  final List<String> notes = new ArrayList<>();
  HubDownload.Disk disk = new HubDownload.RealDisk();

  static byte[] weights() {
    byte[] content = new byte[300_000];
    new SplittableRandom(1).nextBytes(content);
    return content;
  }

  @BeforeEach
  void start() throws IOException {
    server = new HubServer();
    server
        .repository("owner/model")
        .file("config.json", SETTINGS)
        .file("README.md", "# words")
        .file("model.safetensors", WEIGHTS)
        .file("onnx/deep/config.json", "{}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  Path cache() {
    return folder.resolve("hub");
  }

  Path repository() {
    return cache().resolve("models--owner--model");
  }

  HubSettings settings(String token, boolean offline, Duration timeout) {
    return new HubSettings(
        server.endpoint(),
        Optional.of(token).filter(text -> !text.isEmpty()),
        cache(),
        offline,
        true,
        timeout,
        timeout,
        EnvironmentProxies.of(Map.of("no_proxy", "localhost")));
  }

  HubClient client() {
    return client(settings("", false, Duration.ofSeconds(10)));
  }

  HubClient client(HubSettings settings) {
    HubListener listener =
        new HubListener() {
          @Override
          public void note(String message) {
            notes.add(message);
          }
        };
    return new HubClient(settings, listener, disk, pauses::add);
  }

  HubClient offline() {
    return client(settings("", true, Duration.ofSeconds(10)));
  }

  Path fetchModel() throws IOException {
    try (HubClient client = client()) {
      return client.model(NAME);
    }
  }

  static String refusal(Problem problem, Executable action) {
    HubException refusal = assertThrows(HubException.class, action);
    assertEquals(problem, refusal.problem(), refusal.getMessage());
    String message = String.valueOf(refusal.getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  String refusal(Problem problem) {
    return refusal(problem, () -> fetchModel());
  }

  List<String> files(String below) throws IOException {
    Path start = repository().resolve(below);
    if (!Files.exists(start)) {
      return List.of();
    }
    try (Stream<Path> tree = Files.walk(start)) {
      return tree.filter(path -> !Files.isDirectory(path))
          .map(path -> start.relativize(path).toString())
          .sorted()
          .toList();
    }
  }

  void assertWeightsAreThere() throws IOException {
    Path snapshot = repository().resolve("snapshots").resolve(HubServer.COMMIT);
    assertArrayEquals(WEIGHTS, Files.readAllBytes(snapshot.resolve("model.safetensors")));
    assertEquals(
        List.of(HubServer.gitSha1(SETTINGS.getBytes(StandardCharsets.UTF_8)), WEIGHTS_HASH).stream()
            .sorted()
            .toList(),
        files("blobs"));
  }

  static void head(HttpExchange exchange, String etag) throws IOException {
    exchange.getResponseHeaders().set("X-Repo-Commit", HubServer.COMMIT);
    exchange.getResponseHeaders().set("ETag", etag);
    HubServer.send(exchange, SETTINGS.getBytes(StandardCharsets.UTF_8));
  }
}
