package mechinterp.io.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A hub on the loopback interface: one server for the hub itself, one on another port for the store
 * of its large files. It answers as the real one does, or as a test orders.
 */
final class HubServer implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer hub;
  private final HttpServer store;
  private final Map<String, Repository> repositories = new ConcurrentHashMap<>();
  private final Map<String, byte[]> stored = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Map<String, ConcurrentLinkedDeque<Fault>> faults = new ConcurrentHashMap<>();

  /** A request that came. */
  record Request(String server, String method, String path, String token, String range) {}

  /** What goes wrong with one request. */
  @FunctionalInterface
  interface Fault {
    /** Answers instead of the server. */
    void answer(HttpExchange exchange) throws IOException;
  }

  /** A repository; files whose names end in .safetensors are large. */
  static final class Repository {
    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private Optional<String> token = Optional.empty();
    private boolean gated;

    Repository file(String path, byte[] content) {
      files.put(path, content);
      return this;
    }

    Repository file(String path, String content) {
      return file(path, content.getBytes(StandardCharsets.UTF_8));
    }

    Repository onlyFor(String user) {
      token = Optional.of("Bearer " + user);
      return this;
    }

    Repository gated() {
      gated = true;
      return this;
    }
  }

  HubServer() throws IOException {
    hub = server("hub");
    store = server("store");
  }

  private HttpServer server(String name) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", exchange -> handle(name, exchange));
    server.start();
    return server;
  }

  URI endpoint() {
    return address(hub);
  }

  private static URI address(HttpServer server) {
    return URI.create("http://localhost:" + server.getAddress().getPort());
  }

  Repository repository(String name) {
    return repositories.computeIfAbsent(name, _ -> new Repository());
  }

  /** The next request whose path has this part meets the fault; several stand in line. */
  void fault(String part, Fault fault) {
    faults.computeIfAbsent(part, _ -> new ConcurrentLinkedDeque<>()).add(fault);
  }

  List<Request> requests() {
    return requests;
  }

  List<Request> requests(String method, String part) {
    return requests.stream()
        .filter(request -> request.method().equals(method) && request.path().contains(part))
        .toList();
  }

  static Fault status(int status, String... headers) {
    return exchange -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(status, -1);
    };
  }

  /** Sends the first bytes of what it should, from the wanted one on, and breaks off. */
  static Fault cutAfter(byte[] content, int count) {
    return exchange -> {
      int begin = begin(exchange);
      answerHead(exchange, content, begin);
      exchange.getResponseBody().write(content, begin, count);
      exchange.getResponseBody().flush();
    };
  }

  private void handle(String server, HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    requests.add(
        new Request(
            server,
            exchange.getRequestMethod(),
            path,
            header(exchange, "Authorization"),
            header(exchange, "Range")));
    try (exchange) {
      Optional<Fault> fault = nextFault(path);
      if (fault.isPresent()) {
        fault.get().answer(exchange);
      } else if (server.equals("store")) {
        send(exchange, Objects.requireNonNull(stored.get(path.substring(1)), path));
      } else {
        answer(exchange, path);
      }
    }
  }

  private Optional<Fault> nextFault(String path) {
    return faults.entrySet().stream()
        .filter(entry -> path.contains(entry.getKey()))
        .map(entry -> Optional.ofNullable(entry.getValue().poll()))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static String header(HttpExchange exchange, String name) {
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name)).orElse("");
  }

  private void answer(HttpExchange exchange, String path) throws IOException {
    List<String> parts = new ArrayList<>(Arrays.asList(path.substring(1).split("/")));
    boolean api = parts.getFirst().equals("api");
    String marker = api ? "revision" : "resolve";
    int at = parts.indexOf(marker);
    String name = String.join("/", parts.subList(api ? 2 : 0, at));
    String revision = parts.get(at + 1);
    Repository repository = repositories.get(name);
    if (repository == null || !mayRead(repository, exchange)) {
      refuse(exchange, repository == null ? 404 : 401, "RepoNotFound");
    } else if (!List.of("main", "v1.0", "refs%2Fpr%2F1", COMMIT).contains(revision)) {
      refuse(exchange, 404, "RevisionNotFound");
    } else if (api) {
      send(exchange, listing(repository).getBytes(StandardCharsets.UTF_8));
    } else {
      file(exchange, repository, String.join("/", parts.subList(at + 2, parts.size())));
    }
  }

  private static boolean mayRead(Repository repository, HttpExchange exchange) {
    return repository.token.isEmpty()
        || repository.token.get().equals(header(exchange, "Authorization"));
  }

  private static void refuse(HttpExchange exchange, int status, String code) throws IOException {
    exchange.getResponseHeaders().set("X-Error-Code", code);
    exchange.sendResponseHeaders(status, -1);
  }

  private static String listing(Repository repository) {
    List<String> files = new ArrayList<>();
    repository.files.forEach((path, content) ->
        files.add("{\"rfilename\": \"%s\", \"size\": %d}".formatted(path, content.length)));
    return "{\"id\": \"x\", \"sha\": \"%s\", \"siblings\": [%s]}"
        .formatted(COMMIT, String.join(", ", files));
  }

  private void file(HttpExchange exchange, Repository repository, String path) throws IOException {
    exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
    byte[] content = repository.files.get(path);
    if (content == null) {
      refuse(exchange, 404, "EntryNotFound");
    } else if (repository.gated) {
      refuse(exchange, 403, "GatedRepo");
    } else if (path.endsWith(".safetensors")) {
      String hash = sha256(content);
      stored.put(hash, content);
      exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + hash + "\"");
      exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
      exchange
          .getResponseHeaders()
          .set("Location", address(store) + "/" + hash + "?signature=secret");
      exchange.sendResponseHeaders(302, -1);
    } else {
      exchange.getResponseHeaders().set("ETag", "\"" + gitSha1(content) + "\"");
      send(exchange, content);
    }
  }

  static void send(HttpExchange exchange, byte[] content) throws IOException {
    int begin = begin(exchange);
    if (begin > 0 && begin >= content.length) {
      exchange.sendResponseHeaders(416, -1);
      return;
    }
    answerHead(exchange, content, begin);
    if (exchange.getRequestMethod().equals("GET")) {
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(content, begin, content.length - begin);
      }
    }
  }

  private static int begin(HttpExchange exchange) {
    String range = header(exchange, "Range");
    return range.isEmpty() ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
  }

  private static void answerHead(HttpExchange exchange, byte[] content, int begin)
      throws IOException {
    if (begin > 0) {
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes %d-%d/%d".formatted(begin, content.length - 1, content.length));
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
      exchange.sendResponseHeaders(200, -1);
    } else {
      int length = content.length - begin;
      exchange.sendResponseHeaders(begin > 0 ? 206 : 200, length == 0 ? -1 : length);
    }
  }

  static String sha256(byte[] content) {
    return HexFormat.of().formatHex(digest("SHA-256").digest(content));
  }

  static String gitSha1(byte[] content) {
    MessageDigest digest = digest("SHA-1");
    digest.update(("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest.digest(content));
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
