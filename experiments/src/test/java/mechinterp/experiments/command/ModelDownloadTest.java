package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import mechinterp.experiments.Execution;
import mechinterp.experiments.console.FailureHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ModelDownloadTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final byte[] WEIGHTS = new byte[3_500_000];

  @TempDir private Path home;
  private HttpServer hub;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    hub.createContext(
        "/api/models/owner/model/revision/main",
        exchange ->
            answer(
                exchange,
                "{\"sha\": \"%s\", \"siblings\": [{\"rfilename\": \"config.json\"}, {\"rfilename\": \"model.safetensors\"}]}"
                    .formatted(COMMIT)
                    .getBytes(StandardCharsets.UTF_8)));
    hub.createContext(
        "/owner/model/resolve/" + COMMIT + "/config.json",
        e -> answer(e, "{}".getBytes(StandardCharsets.UTF_8)));
    hub.createContext(
        "/owner/model/resolve/" + COMMIT + "/model.safetensors", e -> answer(e, WEIGHTS));
    hub.createContext("/", exchange -> exchange.sendResponseHeaders(404, -1));
    hub.start();
    environment.put("HF_ENDPOINT", "http://localhost:" + hub.getAddress().getPort());
    environment.put("NO_PROXY", "localhost");
  }

  @AfterEach
  void stop() {
    hub.stop(0);
  }

  private static void answer(HttpExchange exchange, byte[] content) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
      exchange.getResponseHeaders().set("ETag", "\"content-" + content.length + "\"");
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
      }
      exchange.sendResponseHeaders(200, head ? -1 : content.length);
      if (!head) {
        exchange.getResponseBody().write(content);
      }
    }
  }

  private Execution run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        new CommandLine(new ModelDownload(environment, home))
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err));
    int exitCode = FailureHandlers.execute(commandLine, () -> false, arguments);
    return new Execution(exitCode, out.toString(), err.toString());
  }

  private Path snapshot() {
    return home.resolve(".cache/huggingface/hub/models--owner--model/snapshots").resolve(COMMIT);
  }

  @Test
  void aModelOfTheHubIsFetchedAndItsFolderPrinted() throws IOException {
    Execution fetched = run("owner/model").assertDone();
    assertEquals(snapshot() + System.lineSeparator(), fetched.out());
    assertEquals(WEIGHTS.length, Files.size(snapshot().resolve("model.safetensors")));
    assertEquals(1, fetched.err().lines().count(), fetched.err());
    assertEquals(
        snapshot().toString(),
        run("owner/model", "--offline", "--json").json().path("path").asString());
  }

  @Test
  void onlyTheFilesThatAreWantedAreFetched() throws IOException {
    run("owner/model", "--include", "*.json", "--include", "*.txt").assertDone();
    try (var files = Files.list(snapshot())) {
      assertEquals(1, files.count());
    }
    run("owner/model", "--offline")
        .assertRefused("owner/model: the cache has no model.safetensors");
  }

  @Test
  void whatCannotBeFetchedIsRefusedInOneLine() {
    run("owner/model", "--offline").assertRefused("owner/model: is not in the cache", "--offline");
    run("no/such").assertRefused("no/such: not on the hub (404)");
    run("../x").assertRefused("repository: is \"../x\"");
    run("pypi:-x").assertRefused("package: is \"-x\"");
    run("pypi:a", "--offline").assertRefused("pypi:a: is not in the cache");
    run("pypi:a", "--include", "x").assertRefused("--include: is for models on the hub");
    run("pypi:a").assertRefused("pypi:a: needs Python's pip");
    environment.put("HF_ENDPOINT", "nowhere");
    run("owner/model").assertRefused("HF_ENDPOINT: is \"nowhere\"");
  }

  @Test
  void aPackageThatIsHereIsFound() throws IOException {
    Path file = home.resolve(".cache/mechinterp/packages/some-model/1.0/m.gguf");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "x");
    for (String name : new String[] {"pypi:some_model", "pypi:some-model==1.0"}) {
      assertEquals(file + System.lineSeparator(), run(name, "--offline").assertDone().out());
      assertEquals(file + System.lineSeparator(), run(name).assertDone().out());
    }
  }
}
