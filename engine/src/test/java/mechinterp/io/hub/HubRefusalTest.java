package mechinterp.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.hub.HubException.Problem;
import org.junit.jupiter.api.Test;

class HubRefusalTest extends HubFixture {
  @Test
  void hashesThatLeadOutOfTheCacheAreRefused() throws IOException {
    for (String etag : List.of("\"../../evil\"", "\"..\"", "\"a/b\"", "\"\"", "\".hidden\"")) {
      server.fault("config.json", exchange -> head(exchange, etag));
      String message = refusal(Problem.DAMAGED);
      assertTrue(message.contains("the hub's etag is"), message);
    }
    assertEquals(List.of(), files("blobs"));
  }

  @Test
  void filesThatLeadOutOfTheRepositoryAreRefused() throws IOException {
    for (String path :
        List.of("model-../../x-of-1.safetensors", "/config.json", "..", "a//b", "C:/x", "a\\\\b")) {
      server.repository("evil").file(path, "x");
      try (HubClient client = client()) {
        String message =
            Refusal.of(FormatException.class, () -> client.model(HubName.parse("evil")));
        assertTrue(message.contains("siblings[0].rfilename is "), message);
        assertThrows(IllegalArgumentException.class, () -> client.file(NAME, path));
      }
      server.close();
      start();
    }
  }

  @Test
  void anAnswerThatIsNoHubsIsRefused() throws IOException {
    server.fault(
        "/api/models",
        exchange ->
            HubServer.send(
                exchange,
                "{\"sha\": \"../x\", \"siblings\": []}".getBytes(StandardCharsets.UTF_8)));
    try (HubClient client = client()) {
      String message = Refusal.of(FormatException.class, () -> client.model(NAME));
      assertTrue(
          message.endsWith("sha is \"../x\"; expected a commit of 40 hexadecimal digits"), message);
    }
    server.fault(
        "/api/models",
        exchange -> HubServer.send(exchange, "<html>".getBytes(StandardCharsets.UTF_8)));
    try (HubClient client = client()) {
      Refusal.of(FormatException.class, () -> client.model(NAME));
    }
    server.fault("config.json", HubServer.status(200, "ETag", "x"));
    assertTrue(refusal(Problem.UNREACHABLE).contains("does not answer as a hub does"));
    server.fault("/api/models", HubServer.status(302, "Location", "file:///etc/passwd"));
    assertTrue(refusal(Problem.UNREACHABLE).contains("it must lead to http or https"));
    server.fault("/api/models", HubServer.status(302, "Location", "http://[bad"));
    assertTrue(refusal(Problem.UNREACHABLE).contains("it must lead to an address"));
    for (int i = 0; i < 11; i++) {
      server.fault(
          "/api/models",
          HubServer.status(307, "Location", "/api/models/owner/model/revision/main"));
    }
    assertTrue(refusal(Problem.UNREACHABLE).contains("leads on and on"));
    assertEquals(List.of(), pauses);
  }

  @Test
  void whatTheHubRefusesSaysWhatToDo() throws IOException {
    server.repository("private/model").onlyFor("hf_owner").file("config.json", "{}");
    server.repository("gated/model").gated().file("config.json", "{}");
    try (HubClient client = client()) {
      assertEquals(
          "no/model: not on the hub (404), or private; for a private one set HF_TOKEN",
          refusal(Problem.REPOSITORY_NOT_FOUND, () -> client.model(HubName.parse("no/model"))));
      refusal(Problem.REPOSITORY_NOT_FOUND, () -> client.model(HubName.parse("private/model")));
      assertEquals(
          "owner/model@v2: the hub has no such branch, tag or commit",
          refusal(Problem.REVISION_NOT_FOUND, () -> client.model(HubName.parse("owner/model@v2"))));
      String gated = refusal(Problem.GATED, () -> client.model(HubName.parse("gated/model")));
      assertTrue(gated.startsWith("gated/model/config.json: its owner grants access first"), gated);
      server.fault(
          "/api",
          HubServer.status(401, "X-Error-Message", "Invalid credentials in Authorization header"));
      String token = refusal(Problem.NOT_AUTHORIZED, () -> client.model(NAME));
      assertTrue(token.endsWith("it says: Invalid credentials in Authorization header"), token);
      server.fault("/api", HubServer.status(403));
      assertTrue(refusal(Problem.NOT_AUTHORIZED, () -> client.model(NAME)).contains("(403)"));
      server.fault("/api", HubServer.status(418));
      assertTrue(
          refusal(Problem.UNREACHABLE, () -> client.model(NAME))
              .contains("answers 418; 200 was expected"));
    }
    assertFalse(Files.exists(repository().resolve("refs")));
  }

  @Test
  void aRepositoryWithoutWeightsInSafetensorsIsRefused() throws IOException {
    server.repository("old/model").file("config.json", "{}").file("pytorch_model.bin", "x");
    server.repository("none/model").file("pytorch_model.bin", "x");
    try (HubClient client = client()) {
      assertEquals(
          "old/model: it has no model.safetensors; weights in other formats are not read",
          refusal(Problem.FILE_NOT_FOUND, () -> client.model(HubName.parse("old/model"))));
      assertEquals(
          "none/model: has none of the files that are needed; it has [pytorch_model.bin]",
          refusal(Problem.FILE_NOT_FOUND, () -> client.model(HubName.parse("none/model"))));
    }
  }

  @Test
  void theClientWaitsAsLongAsTheHubAsksFor() throws IOException {
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(100));
    server.fault("/api/models", HubServer.status(429, "Retry-After", "7"));
    server.fault("/api/models", HubServer.status(429, "RateLimit", "\"api\";r=0;t=42"));
    server.fault("/api/models", HubServer.status(503));
    server.fault("/api/models", HubServer.status(429, "Retry-After", date));
    fetchModel();
    assertEquals(List.of(7L, 42L, 4L), pauses.stream().limit(3).map(Duration::toSeconds).toList());
    assertEquals(100.0, (double) pauses.get(3).toSeconds(), 10.0);
    assertTrue(
        notes.getFirst().endsWith("/revision/main: answers 429; trying again in 7 s"),
        notes::toString);
  }

  @Test
  void aWaitThatIsTooLongIsSaidInsteadOfWaited() {
    server.fault("/api/models", HubServer.status(429, "Retry-After", "3600"));
    assertTrue(
        refusal(Problem.RATE_LIMITED)
            .endsWith("too many requests (429); the hub says to come back in 3600 s"));
    for (int i = 0; i < 6; i++) {
      server.fault("/api/models", HubServer.status(429));
    }
    assertTrue(refusal(Problem.RATE_LIMITED).endsWith("the hub says to come back later"));
  }

  @Test
  void whoHasTheModelDoesNotWaitForTheHub() throws IOException {
    Path snapshot = fetchModel();
    server.fault("/api/models", HubServer.status(429, "Retry-After", "7"));
    server.fault("/api/models", HubServer.status(503));
    assertEquals(snapshot, fetchModel());
    assertEquals(snapshot, fetchModel());
    assertEquals(2, notes.size());
    assertEquals(List.of(), pauses);
  }
}
