package mechinterp.experiments.live;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import mechinterp.experiments.console.Failure;
import mechinterp.io.Json;

/**
 * Serves the page and answers its questions, one after the other, since the model takes all cores.
 * Requests by another name than the address's are refused, so that no page from elsewhere can ask
 * through the browser; what goes wrong with one request is one line in its answer.
 */
public final class LiveServer implements AutoCloseable {
  private static final int MOST_BYTES = 64 << 10;
  private static final int LONGEST_WAIT_SECONDS = 60;
  private static final int LAST_SECONDS = 2;
  private static final String DASHBOARD = "/dashboard/";
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "json", "application/json");

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore turn = new Semaphore(1, true);
  private final CountDownLatch closed = new CountDownLatch(1);
  private final AtomicBoolean closing = new AtomicBoolean();
  private final LiveModel model;
  private final Optional<Path> dashboard;
  private final String host;

  private LiveServer(HttpServer server, LiveModel model, Optional<Path> dashboard, String host) {
    this.server = server;
    this.model = model;
    this.dashboard = dashboard;
    this.host = host;
  }

  /**
   * Begins to serve.
   *
   * @param address where; port 0 takes a free one
   * @param dashboard folder of the pages of latents
   * @throws IOException when the address cannot be had
   */
  public static LiveServer start(
      InetSocketAddress address, LiveModel model, Optional<Path> dashboard) throws IOException {
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException(
          "%s:%d: %s".formatted(address.getHostString(), address.getPort(), e.getMessage()), e);
    }
    LiveServer live = new LiveServer(server, model, dashboard, address.getHostString());
    server.setExecutor(live.threads);
    server.createContext("/", live::handle);
    server.start();
    return live;
  }

  /** Returns the page's address. */
  public URI address() {
    return URI.create("http://%s:%d/".formatted(host, server.getAddress().getPort()));
  }

  /** Waits until the server is closed or this thread is interrupted. */
  public void await() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What goes back. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Reply(int status, String type, byte[] body) {
    static Reply of(int status, LiveAnswer answer) {
      byte[] body = Json.compact(answer).getBytes(StandardCharsets.UTF_8);
      return new Reply(status, "application/json", body);
    }

    static Reply problem(int status, String problem) {
      return of(status, new LiveAnswer.Problem(problem));
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Reply reply = reply(exchange);
      exchange.getResponseHeaders().set("Content-Type", reply.type());
      exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
      exchange.getResponseHeaders().set("Cache-Control", "no-store");
      exchange
          .getResponseHeaders()
          .set(
              "Content-Security-Policy",
              "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
                  + " frame-ancestors 'self'");
      exchange.sendResponseHeaders(
          reply.status(), reply.body().length == 0 ? -1 : reply.body().length);
      exchange.getResponseBody().write(reply.body());
    }
  }

  private Reply reply(HttpExchange exchange) {
    try {
      String asked = Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Host"), "");
      if (!isOwn(asked)) {
        return Reply.problem(403, "host: is \"%s\"; open %s".formatted(asked, address()));
      }
      return switch (exchange.getRequestMethod()) {
        case "GET" -> get(exchange.getRequestURI().getPath());
        case "POST" -> post(exchange);
        default -> Reply.problem(405, "method: must be GET or POST");
      };
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      Failure failure = Failure.of(e);
      return Reply.problem(failure.exitCode() == Failure.BAD_INPUT ? 400 : 500, failure.message());
    }
  }

  private boolean isOwn(String asked) {
    String name = asked.replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT);
    return name.equals(host.toLowerCase(Locale.ROOT))
        || name.equals("localhost")
        || name.equals("127.0.0.1")
        || name.equals("[::1]");
  }

  private Reply get(String path) throws IOException {
    if (path.equals("/about")) {
      return Reply.of(200, model.about(dashboard.isPresent()));
    }
    if (path.startsWith(DASHBOARD)) {
      return page(path.substring(DASHBOARD.length()));
    }
    String name = path.equals("/") ? "live.html" : path.substring(1);
    if (!name.matches("live\\.(html|js|css)")) {
      return Reply.problem(404, path + ": there is no such page");
    }
    try (InputStream resource = LiveServer.class.getResourceAsStream(name)) {
      return new Reply(200, type(name), Objects.requireNonNull(resource, name).readAllBytes());
    }
  }

  /** A file of the dashboard; a path that leads out of its folder is none. */
  private Reply page(String path) throws IOException {
    Optional<Path> file =
        dashboard
            .map(root -> root.resolve(path).normalize())
            .filter(found -> found.startsWith(dashboard.orElseThrow().normalize()))
            .filter(Files::isRegularFile);
    return file.isPresent()
        ? new Reply(200, type(path), Files.readAllBytes(file.get()))
        : Reply.problem(404, DASHBOARD + path + ": there is no such page");
  }

  private static String type(String name) {
    String end = name.substring(name.lastIndexOf('.') + 1);
    return TYPES.getOrDefault(end, "application/octet-stream");
  }

  private Reply post(HttpExchange exchange) throws IOException {
    String type =
        Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Content-Type"), "");
    if (!type.startsWith("application/json")) {
      return Reply.problem(
          415, "Content-Type: is \"%s\"; expected application/json".formatted(type));
    }
    byte[] body = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
    if (body.length > MOST_BYTES) {
      return Reply.problem(413, "request: has more than %d bytes".formatted(MOST_BYTES));
    }
    return switch (exchange.getRequestURI().getPath()) {
      case "/latents" -> answer(Json.read("request", body, LiveQuestion.Latents.class));
      case "/texts" -> answer(Json.read("request", body, LiveQuestion.Texts.class));
      default -> Reply.problem(404, exchange.getRequestURI() + ": there is no such question");
    };
  }

  private Reply answer(LiveQuestion question) throws IOException {
    if (!takesTurn()) {
      return Reply.problem(503, "the model is busy; try again");
    }
    try {
      return Reply.of(200, model.answer(question));
    } finally {
      turn.release();
    }
  }

  private boolean takesTurn() throws IOException {
    try {
      return turn.tryAcquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("the server is closing");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /** Takes no more requests, gives those that run two seconds, and lets {@link #await} return. */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      server.stop(turn.availablePermits() > 0 ? 0 : LAST_SECONDS);
      var _ = threads.shutdownNow();
      closed.countDown();
    }
  }
}
