package mechinterp.io.chat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import mechinterp.io.Json;
import tools.jackson.databind.JsonNode;

/** A server of chat completions on the loopback interface that answers as a test orders. */
final class JudgeServer implements AutoCloseable {
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private final Function<JsonNode, String> judge;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final ConcurrentLinkedDeque<Fault> faults = new ConcurrentLinkedDeque<>();

  /** A request that came. */
  public record Request(String path, Optional<String> authorization, JsonNode body) {}

  /** What goes wrong with one request. */
  @FunctionalInterface
  public interface Fault {
    /** Answers instead of the model. */
    void answer(HttpExchange exchange) throws IOException;
  }

  /** Begins to answer; {@code judge} makes the content of an answer from the messages. */
  public JudgeServer(Function<JsonNode, String> judge) throws IOException {
    this.judge = judge;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Returns the address up to the port. */
  public String address() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  /** Returns the requests that came, in their order. */
  public List<Request> requests() {
    return requests;
  }

  /** The next request meets the fault; several stand in line. */
  public void fault(Fault fault) {
    faults.add(fault);
  }

  /** Returns a fault that is an answer of its own. */
  public static Fault answer(int status, String body, String... headers) {
    return exchange -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      send(exchange, status, body);
    };
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (exchange.getRequestMethod().equals("GET")) {
        send(exchange, 405, "{}");
        return;
      }
      byte[] body = exchange.getRequestBody().readAllBytes();
      JsonNode question = Json.read("request", new ByteArrayInputStream(body), JsonNode.class);
      requests.add(
          new Request(
              exchange.getRequestURI().getPath(),
              Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")),
              question));
      Fault fault = faults.poll();
      if (fault != null) {
        fault.answer(exchange);
      } else {
        send(exchange, 200, completion(judge.apply(question.get("messages"))));
      }
    }
  }

  /** Returns the body of an answer with this content. */
  public static String completion(String content) {
    return "{\"id\": 1, \"choices\": [{\"index\": 0, \"message\": {\"role\": \"assistant\", \"content\": %s}}]}"
        .formatted(Json.compact(content));
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
