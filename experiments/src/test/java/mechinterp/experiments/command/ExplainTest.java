package mechinterp.experiments.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import mechinterp.experiments.Execution;
import mechinterp.io.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A judge on the loopback interface that takes every context for one with the latent. */
class ExplainTest {
  @TempDir private Path folder;
  private final AtomicInteger asked = new AtomicInteger();
  private HttpServer server;
  private Path text = Path.of("");
  private volatile boolean broken;

  @BeforeEach
  void writeFiles() throws IOException {
    TinyGpt2.write(Files.createDirectory(folder.resolve("tiny")));
    TinySae.write(folder.resolve("sae"), 20, TinySae.METADATA);
    text = folder.resolve("text.txt");
    Files.write(
        text,
        Stream.generate(() -> List.of("the cat sat on the mat", "and the other hat"))
            .limit(20)
            .flatMap(List::stream)
            .toList());
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/chat/completions", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    if (exchange.getRequestMethod().equals("GET")) {
      exchange.sendResponseHeaders(405, -1);
      exchange.close();
      return;
    }
    try (exchange) {
      asked.incrementAndGet();
      byte[] body = exchange.getRequestBody().readAllBytes();
      JsonNode messages =
          Json.read("request", new ByteArrayInputStream(body), JsonNode.class).get("messages");
      String question = messages.get(messages.size() - 1).get("content").asString();
      int excerpts = (int) question.lines().filter(l -> l.startsWith("Excerpt ")).count();
      String content =
          question.contains("Strengths: ")
              ? "[EXPLANATION]: <b>everything</b> & more"
              : Collections.nCopies(excerpts, 1) + " [RESPONSE]: 0";
      String answer =
          "{\"choices\": [{\"message\": {\"content\": %s}}]}".formatted(Json.compact(content));
      byte[] bytes = (broken ? "{}" : answer).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(broken ? 400 : 200, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private String address() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  private Execution explain(String... more) {
    String[] arguments = {
      "explain",
      "--model",
      folder.resolve("tiny").toString(),
      "--sae",
      folder.resolve("sae").toString(),
      "--text",
      text.toString(),
      "--server",
      address(),
      "--judge",
      "yes-man",
      "--out",
      folder.resolve("explained").toString()
    };
    return Execution.of(Samples.concat(arguments, more));
  }

  private JsonNode written() throws IOException {
    return Json.tree(folder.resolve("explained/explanations.json"));
  }

  @Test
  void latentsAreExplainedScoredAndShown() throws IOException {
    JsonNode result = explain("--top", "4", "--json").assertDone().json();
    JsonNode explanations = written().get("explanations");
    assertEquals(explanations, result.get("explanations"));
    assertEquals("yes-man", written().get("judge").asString());
    assertFalse(explanations.isEmpty());
    JsonNode first = explanations.get(0);
    assertEquals("<b>everything</b> & more", first.get("text").asString());
    JsonNode detection = first.get("detection");
    assertEquals(detection.get("active"), detection.get("recognised"));
    assertEquals(0, detection.get("rejected").asInt());
    assertEquals(0.5, result.get("detection").asDouble());
    dashboardShows(first.get("latent").asInt());
  }

  private void dashboardShows(int latent) throws IOException {
    Execution.of(
            "dashboard",
            "--model",
            folder.resolve("tiny").toString(),
            "--sae",
            folder.resolve("sae").toString(),
            "--text",
            text.toString(),
            "--explanations",
            folder.resolve("explained").toString(),
            "--out",
            folder.resolve("pages").toString())
        .assertDone();
    String overview = Files.readString(folder.resolve("pages/data/overview.js"));
    assertTrue(overview.contains("\"explanation\":\"<b>everything</b> & more\",\"detection\":0.5"));
    String pages = Files.readString(folder.resolve("pages/data/latents-0.js"));
    assertTrue(pages.contains("\"judged\":{\"text\":\"<b>everything</b> & more\""), "" + latent);
  }

  @Test
  void aRunThatWasStoppedGoesOnAndAsksNothingTwice() throws IOException {
    broken = true;
    explain("--top", "3").assertRefusedAtTheEnd("/v1/chat/completions: answers 400: {}");
    assertFalse(Files.exists(folder.resolve("explained/explanations.json")));
    broken = false;
    asked.set(0);
    explain("--top", "3").assertDone();
    int first = asked.get();
    JsonNode before = written();
    explain("--top", "3", "--parallel", "1").assertDone();
    assertEquals(first, asked.get());
    assertEquals(before, written());
    int other = before.get("explanations").get(0).get("latent").asInt() == 0 ? 1 : 0;
    explain("--latent", String.valueOf(other)).assertDone();
    assertTrue(written().get("explanations").size() >= before.get("explanations").size());
    explain("--latent", "0", "--tested", "3").assertRefusedAtTheEnd("name another folder");
  }

  @Test
  void badInputIsOneLine() throws IOException {
    explain("--latent", "20").assertRefusedAtTheEnd("latent: is 20; it must lie within 0 to 19");
    explain("--top", "0").assertRefused("--top: is 0; it must be at least 1");
    explain("--parallel", "0").assertRefusedAtTheEnd("parallel: is 0; it must be at least 1");
    explain("--timeout", "0").assertRefused("timeout: is PT0S; it must be above 0");
    Execution.of(
            "explain",
            "--model",
            "m",
            "--sae",
            "s",
            "--text",
            "t",
            "--judge",
            "j",
            "--out",
            "o",
            "--server",
            "localhost:80")
        .assertRefused("server: is \"localhost:80\"", "http://localhost:8080/v1");
    Files.writeString(folder.resolve("explained/mine.txt"), "");
    Files.delete(folder.resolve("explained/log.jsonl"));
    explain().assertRefusedAtTheEnd("explained: holds files; name a new or empty folder");
    server.stop(0);
    Files.delete(folder.resolve("explained/mine.txt"));
    Execution refused = explain("--top", "4");
    assertFalse(refused.err().contains("harvest"), refused.err());
    refused.assertRefusedAtTheEnd(
        address() + "/v1/chat/completions: no connection; is the server running?");
  }
}
