package mechinterp.experiments.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Json;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The page of tiny-lm with a random autoencoder, over the loopback interface. */
class LiveServerTest {
  private static final int D_SAE = 40;
  private static final int K = 6;

  @TempDir private Path folder;
  private final Device device = CpuDevice.best(2);
  private final HttpClient client = HttpClient.newHttpClient();
  private LiveServer server;

  @BeforeEach
  void start() throws IOException {
    Transformer model = Models.load("tiny-lm", device);
    Path pages = folder.resolve("pages");
    var _ = Files.createDirectories(pages.resolve("data"));
    Files.writeString(pages.resolve("index.html"), "<p>pages");
    Files.writeString(pages.resolve("data/overview.js"), "dashboard.overview({})");
    Files.writeString(folder.resolve("secret.txt"), "secret");
    Sae sae = Sae.allocate(device, new TopKConfig(model.config().dModel(), D_SAE, K));
    sae.parameters()
        .forEach(each -> {
          float[] values = new float[(int) each.value().size()];
          RandomStream.of(4, each.name()).fillGaussian(values, 0, 1);
          device.upload(each.value(), values, 0);
        });
    sae.weightsChanged();
    LiveModel live = LiveModel.of(model, sae, "random", List.of(HookPoint.residPost(1)));
    server = LiveServer.start(new InetSocketAddress("localhost", 0), live, Optional.of(pages));
  }

  /** Serves something else in its place. */
  private void serve(LiveModel live) throws IOException {
    server.close();
    server = LiveServer.start(new InetSocketAddress("localhost", 0), live, Optional.empty());
  }

  private void fill(FloatMatrix matrix, String name) {
    float[] values = new float[(int) matrix.size()];
    RandomStream.of(4, name).fillGaussian(values, 0, 1);
    device.upload(matrix, values, 0);
  }

  private void assertSteered(int latent) throws Exception {
    String one = "{\"latent\": %d, \"kind\": \"scale\", \"value\": 1}".formatted(latent);
    String strong = "{\"latent\": %d, \"kind\": \"add\", \"value\": 500}".formatted(latent);
    JsonNode same = json(post("/texts", texts(one, 8)));
    assertEquals(same.get("untouched"), same.get("changed"));
    JsonNode other = json(post("/texts", texts(strong, 8)));
    assertEquals(same.get("untouched"), other.get("untouched"));
    assertNotEquals(other.get("untouched"), other.get("changed"));
    String dropped = texts(one, 8).replace("\"error_kept\": true", "\"error_kept\": false");
    assertNotEquals(same.get("untouched"), json(post("/texts", dropped)).get("changed"));
  }

  @Test
  void aTranscoderIsServed() throws Exception {
    Transformer model = Models.load("tiny-lm", device);
    int d = model.config().dModel();
    Sae transcoder = Sae.allocate(device, TranscoderConfig.of(d, d, D_SAE, K));
    transcoder.parameters().forEach(each -> fill(each.value(), each.name()));
    transcoder.weightsChanged();
    HookPoint in = HookPoint.inBlock(1, "ln2.hook_normalized");
    serve(LiveModel.of(model, transcoder, "t", List.of(in, HookPoint.mlpOut(1))));
    assertEquals("blocks.1.hook_mlp_out", json(get("/about")).get("hook").asString());
    JsonNode tokens = json(post("/latents", "{\"text\": \"The house\", \"top\": 9}")).get("tokens");
    assertEquals(K, tokens.get(tokens.size() - 1).get("active").asInt());
    assertSteered(3);
  }

  @Test
  void aCrossLayerTranscoderIsServedWithTheLatentsOfAllLayers() throws Exception {
    Transformer model = Models.load("tiny-lm", device);
    int layers = model.config().nLayers();
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoder.allocate(
            device, new CrossLayerSizes(layers, model.config().dModel(), D_SAE, false));
    for (int layer = 0; layer < layers; layer++) {
      fill(transcoder.layer(layer).weights().wEnc(), "W_enc " + layer);
      fill(transcoder.layer(layer).weights().wDec(), "W_dec " + layer);
    }
    transcoder.weightsChanged();
    serve(LiveModel.of(model, transcoder, "clt", "ln2.hook_normalized"));
    JsonNode about = json(get("/about"));
    assertEquals(layers * D_SAE, about.get("latents").asInt());
    assertTrue(about.get("hook").asString().endsWith(", blocks.3.hook_mlp_out"));
    JsonNode tokens =
        json(post("/latents", "{\"text\": \"The house\", \"top\": 100}")).get("tokens");
    JsonNode latents = tokens.get(tokens.size() - 1).get("latents");
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < latents.size(); i++) {
      seen.add(latents.get(i).get("latent").asInt() / D_SAE);
      assertTrue(
          i == 0
              || latents.get(i - 1).get("activation").asDouble()
                  >= latents.get(i).get("activation").asDouble());
    }
    assertEquals(layers, seen.size());
    assertSteered(D_SAE + 3);
    assertEquals(
        "latent: is 160; it must lie within 0 to 159",
        problem(400, "/texts", texts("{\"latent\": 160, \"kind\": \"ablate\", \"value\": 0}", 3)));
  }

  @AfterEach
  void stop() {
    server.close();
    client.close();
    device.close();
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(server.address().resolve(path)).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return client.send(request(path, body, "application/json"), BodyHandlers.ofString());
  }

  private HttpRequest request(String path, String body, String type) {
    return HttpRequest.newBuilder(server.address().resolve(path))
        .header("Content-Type", type)
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return Json.read("answer", response.body().getBytes(StandardCharsets.UTF_8), JsonNode.class);
  }

  private String problem(int status, String path, String body) throws Exception {
    HttpResponse<String> response = post(path, body);
    assertEquals(status, response.statusCode(), response.body());
    String problem = json(response).get("problem").asString();
    assertFalse(problem.contains("\n") || problem.contains("\tat "), problem);
    return problem;
  }

  private static String texts(String changes, int tokens) {
    return "{\"prompt\": \"The house\", \"tokens\": %d, \"temperature\": 0.7, \"seed\": 3, \"places\": \"all\", \"error_kept\": true, \"changes\": [%s]}"
        .formatted(tokens, changes);
  }

  @Test
  void thePageAndWhatItNeedsAreThere() throws Exception {
    assertTrue(get("/").body().contains("<script src=\"live.js\">"));
    assertEquals(
        "text/css; charset=utf-8",
        get("/live.css").headers().firstValue("Content-Type").orElse(""));
    assertEquals("<p>pages", get("/dashboard/index.html").body());
    JsonNode about = json(get("/about"));
    assertEquals("tiny-lm", about.get("model").asString());
    assertEquals(D_SAE, about.get("latents").asInt());
    assertTrue(about.get("dashboard").asBoolean() && about.get("generates").asBoolean());
    for (String page : List.of("/", "/live.js", "/live.css")) {
      String content = get(page).body();
      assertFalse(content.contains("http:") || content.contains("https:"), page);
    }
  }

  @Test
  void everyTokenHasItsStrongestLatents() throws Exception {
    JsonNode tokens =
        json(post("/latents", "{\"text\": \"The house of Europe\", \"top\": 4}")).get("tokens");
    StringBuilder text = new StringBuilder();
    for (JsonNode token : tokens) {
      text.append(token.get("text").asString());
      JsonNode latents = token.get("latents");
      assertEquals(Math.min(4, token.get("active").asInt()), latents.size());
      for (int i = 1; i < latents.size(); i++) {
        assertTrue(
            latents.get(i - 1).get("activation").asDouble()
                >= latents.get(i).get("activation").asDouble());
      }
    }
    assertTrue(text.toString().endsWith("The house of Europe"), text.toString());
    assertTrue(tokens.get(tokens.size() - 1).get("active").asInt() > 0);
  }

  @Test
  void textsStandSideBySide() throws Exception {
    JsonNode same =
        json(post("/texts", texts("{\"latent\": 3, \"kind\": \"scale\", \"value\": 1}", 12)));
    assertEquals(same.get("untouched"), same.get("changed"));
    String strong = "{\"latent\": 3, \"kind\": \"add\", \"value\": 500}";
    String ablated = "{\"latent\": 5, \"kind\": \"ablate\", \"value\": 0}";
    JsonNode other = json(post("/texts", texts(strong + ", " + ablated, 12)));
    assertEquals(same.get("untouched"), other.get("untouched"));
    assertNotEquals(other.get("untouched"), other.get("changed"));
  }

  @Test
  void badQuestionsAreOneLineAndTheServerGoesOn() throws Exception {
    assertTrue(
        problem(400, "/latents", "{\"text\": \"%s\", \"top\": 4}".formatted("a b ".repeat(9000)))
            .contains("it must have 1 to "));
    assertEquals(
        "top: is 0; it must lie within 1 to 100",
        problem(400, "/latents", "{\"text\": \"a\", \"top\": 0}"));
    assertTrue(problem(400, "/latents", "{\"text\": 4").contains("request: "));
    assertEquals("request: field top: is missing", problem(400, "/latents", "{\"text\": \"a\"}"));
    assertEquals(
        "latent: is 40; it must lie within 0 to 39",
        problem(400, "/texts", texts("{\"latent\": 40, \"kind\": \"ablate\", \"value\": 0}", 3)));
    assertTrue(
        problem(400, "/texts", texts("{\"latent\": 4, \"kind\": \"burn\", \"value\": 0}", 3))
            .contains("field changes[0].kind"));
    assertEquals(
        "tokens: is 300; it must lie within 1 to 256", problem(400, "/texts", texts("", 300)));
    assertTrue(problem(413, "/latents", " ".repeat(70_000)).contains("more than 65536 bytes"));
    assertTrue(problem(404, "/nothing", "{}").contains("no such question"));
    assertEquals(
        415,
        client.send(request("/latents", "{}", "text/plain"), BodyHandlers.ofString()).statusCode());
    assertEquals(200, get("/about").statusCode());
  }

  @Test
  void nothingElseIsGivenAway() throws Exception {
    for (String path :
        List.of(
            "/nothing",
            "/dashboard/../secret.txt",
            "/dashboard/%2e%2e/secret.txt",
            "/LiveServer.class")) {
      HttpResponse<String> response = get(path);
      assertEquals(404, response.statusCode(), path);
      assertFalse(response.body().contains("secret\n") || response.body().equals("secret"), path);
    }
  }

  @Test
  void pagesFromElsewhereCannotAsk() throws Exception {
    try (var socket = new Socket("localhost", server.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET /about HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(answer.startsWith("HTTP/1.1 403"), answer);
      assertTrue(answer.contains("host: is \\\"evil.example\\\""), answer);
    }
  }

  @Test
  void questionsAtOnceAreAnsweredInTurn() throws Exception {
    List<CompletableFuture<HttpResponse<String>>> asked =
        IntStream.range(0, 6)
            .mapToObj(_ ->
                client.sendAsync(
                    request("/texts", texts("", 6), "application/json"), BodyHandlers.ofString()))
            .toList();
    String first = asked.getFirst().get().body();
    for (CompletableFuture<HttpResponse<String>> each : asked) {
      assertEquals(200, each.get().statusCode());
      assertEquals(first, each.get().body());
    }
  }

  @Test
  void itEndsWhenItIsClosed() throws Exception {
    Thread waiting = Thread.startVirtualThread(server::await);
    server.close();
    server.close();
    waiting.join();
    assertThrows(ConnectException.class, () -> get("/about"));
  }

  @Test
  void aPortThatIsTakenIsOneLine() {
    InetSocketAddress taken = new InetSocketAddress("localhost", server.address().getPort());
    LiveModel none =
        LiveModel.of(
            assertModel(),
            Sae.allocate(device, new TopKConfig(192, 8, 1)),
            "x",
            List.of(HookPoint.residPost(0)));
    IOException refused =
        assertThrows(IOException.class, () -> LiveServer.start(taken, none, Optional.empty()));
    assertTrue(
        String.valueOf(refused.getMessage()).startsWith("localhost:" + taken.getPort() + ": "),
        refused.getMessage());
  }

  private Transformer assertModel() {
    try {
      return Models.load("tiny-lm", device);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
