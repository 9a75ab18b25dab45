package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mechinterp.io.http.EnvironmentProxies;
import mechinterp.io.hub.HubException.Problem;
import org.junit.jupiter.api.Test;

class HubClientTest extends HubFixture {
  @Test
  void theCacheLooksAsPythonsLibraryLeavesIt() throws IOException {
    try (HubClient client = client()) {
      Path snapshot = client.snapshot(NAME, List.of("*"));
      assertEquals(repository().resolve("snapshots").resolve(HubServer.COMMIT), snapshot);
      assertEquals(HubServer.COMMIT, Files.readString(repository().resolve("refs/main")));
      assertEquals(SETTINGS, Files.readString(snapshot.resolve("config.json")));
      assertEquals(
          Path.of("../../blobs/" + WEIGHTS_HASH),
          Files.readSymbolicLink(snapshot.resolve("model.safetensors")));
      assertEquals(
          Path.of("../../../../blobs/" + HubServer.gitSha1(new byte[] {'{', '}'})),
          Files.readSymbolicLink(snapshot.resolve("onnx/deep/config.json")));
      assertEquals(4, files("blobs").size());
      assertEquals(4, files("../.locks/models--owner--model").size());
    }
  }

  @Test
  void onlyWhatAModelNeedsIsFetchedAndOnlyOnce() throws IOException {
    Path snapshot = fetchModel();
    assertEquals(
        List.of("config.json", "model.safetensors"), files("snapshots/" + HubServer.COMMIT));
    assertWeightsAreThere();
    int before = server.requests().size();
    assertEquals(snapshot, fetchModel());
    assertEquals(before + 1, server.requests().size());
    assertEquals(List.of(), pauses);
  }

  @Test
  void theHubIsNotAskedWhenItMustNotBe() throws IOException {
    Path snapshot = fetchModel();
    int before = server.requests().size();
    try (HubClient client = offline()) {
      assertEquals(snapshot, client.model(NAME));
      assertEquals(snapshot, client.model(HubName.parse("owner/model@" + HubServer.COMMIT)));
      assertEquals(Optional.of(snapshot.resolve("config.json")), client.file(NAME, "config.json"));
      assertEquals(
          "other/model: is not in the cache %s, and the hub must not be asked (--offline or HF_HUB_OFFLINE)"
              .formatted(cache()),
          refusal(Problem.OFFLINE, () -> client.model(HubName.parse("other/model"))));
      refusal(Problem.OFFLINE, () -> client.file(NAME, "tokenizer.json"));
      refusal(Problem.OFFLINE, () -> client.model(HubName.parse("owner/model@v2")));
    }
    assertEquals(before, server.requests().size());
  }

  @Test
  void aHubThatIsGoneLeavesWhatTheCacheHas() throws IOException {
    Path snapshot = fetchModel();
    HubSettings settings = settings("", false, Duration.ofSeconds(2));
    server.close();
    try (HubClient client = client(settings)) {
      assertEquals(snapshot, client.model(NAME));
      assertTrue(
          notes.getLast().endsWith("taking owner/model as the cache has it"), notes::toString);
      assertEquals(List.of(), pauses);
      assertTrue(client.file(NAME, "config.json").isPresent());
      String message =
          refusal(Problem.UNREACHABLE, () -> client.model(HubName.parse("owner/other")));
      assertTrue(message.contains("/api/models/owner/other/revision/main: no connection"), message);
      assertEquals(List.of(1L, 2L, 4L, 8L, 8L), pauses.stream().map(Duration::toSeconds).toList());
    }
  }

  @Test
  void theTokenGoesToTheHubAndNeverToItsStore() throws IOException {
    server.repository("owner/model").onlyFor("hf_me");
    try (HubClient client = client(settings("hf_me", false, Duration.ofSeconds(10)))) {
      client.model(NAME);
    }
    assertEquals(1, server.requests("GET", WEIGHTS_HASH).size());
    for (HubServer.Request request : server.requests()) {
      assertEquals(request.server().equals("hub") ? "Bearer hf_me" : "", request.token());
    }
    assertWeightsAreThere();
  }

  @Test
  void aRenamedRepositoryIsFollowedUnderItsOldName() throws IOException {
    server.fault(
        "/api/models/old/revision",
        HubServer.status(307, "Location", "/api/models/owner/model/revision/main?blobs=true"));
    server.fault(
        "/old/resolve/",
        HubServer.status(307, "Location", "/owner/model/resolve/main/config.json"));
    try (HubClient client = client()) {
      Path snapshot = client.snapshot(HubName.parse("old"), List.of("config.json"));
      assertEquals(SETTINGS, Files.readString(snapshot.resolve("config.json")));
      assertTrue(snapshot.startsWith(cache().resolve("models--old")));
    }
  }

  @Test
  void revisionsAreRememberedUnderTheirNames() throws IOException {
    try (HubClient client = client()) {
      for (String revision : List.of("v1.0", "refs/pr/1", HubServer.COMMIT)) {
        client.snapshot(new HubName("owner/model", revision), List.of("config.json"));
      }
    }
    assertEquals(List.of("refs/pr/1", "v1.0"), files("refs"));
    assertEquals(HubServer.COMMIT, Files.readString(repository().resolve("refs/refs/pr/1")));
  }

  @Test
  void aWeakOrUnknownEtagNamesTheContentToo() throws IOException {
    for (String hash : List.of("some-hash", "Z".repeat(40), "z".repeat(64))) {
      server.fault("config.json", exchange -> head(exchange, "W/\"" + hash + "\""));
      try (HubClient client = client()) {
        Path file = client.file(NAME, "config.json").orElseThrow();
        assertEquals(SETTINGS, Files.readString(file));
        assertTrue(Files.exists(repository().resolve("blobs").resolve(hash)));
        Files.delete(file);
      }
    }
  }

  @Test
  void aFileThatTheHubDoesNotHaveIsRememberedAsAbsent() throws IOException {
    try (HubClient client = client()) {
      assertEquals(Optional.empty(), client.file(NAME, "sub/none.json"));
      assertEquals(List.of(HubServer.COMMIT + "/sub/none.json"), files(".no_exist"));
      assertEquals(HubServer.COMMIT, Files.readString(repository().resolve("refs/main")));
    }
    int before = server.requests().size();
    try (HubClient client = offline()) {
      assertEquals(Optional.empty(), client.file(NAME, "sub/none.json"));
    }
    try (HubClient client = client()) {
      assertEquals(Optional.empty(), client.file(NAME.at(HubServer.COMMIT), "sub/none.json"));
    }
    assertEquals(before, server.requests().size());
  }

  @Test
  void aProxyIsUsedWithItsPassword() throws IOException {
    List<String> seen = new ArrayList<>();
    URI hub = URI.create("http://hub.invalid");
    server.fault(
        "/",
        exchange -> {
          seen.add(exchange.getRequestHeaders().getFirst("Proxy-Authorization"));
          seen.add(exchange.getRequestURI().toString());
          exchange.sendResponseHeaders(404, -1);
        });
    String proxy = "http://me:p%40ss@localhost:" + server.endpoint().getPort();
    HubSettings base = settings("", false, Duration.ofSeconds(10));
    HubSettings settings =
        new HubSettings(
            hub,
            base.token(),
            base.cache(),
            false,
            true,
            base.answerTimeout(),
            base.stallTimeout(),
            EnvironmentProxies.of(Map.of("HTTP_PROXY", proxy)));
    try (HubClient client = client(settings)) {
      refusal(Problem.REPOSITORY_NOT_FOUND, () -> client.model(NAME));
    }
    assertEquals(
        List.of(
            "Basic bWU6cEBzcw==",
            "http://hub.invalid/api/models/owner/model/revision/main?blobs=true"),
        seen);
  }
}
