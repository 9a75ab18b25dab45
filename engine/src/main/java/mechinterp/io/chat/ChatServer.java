package mechinterp.io.chat;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.http.Pause;
import mechinterp.io.http.Retries;
import tools.jackson.databind.JsonNode;

/**
 * A language model behind a server that speaks OpenAI's <a
 * href="https://platform.openai.com/docs/api-reference/chat">chat completions</a>. What may succeed
 * later is asked again, at most 6 times, with growing pauses or those that the server wishes; a
 * server that was never there is not. Redirections are not followed, so the key goes nowhere else.
 */
public final class ChatServer implements ChatModel, AutoCloseable {
  private static final long MOST_BYTES = 4L << 20;
  private static final int LONGEST_REASON = 300;

  private final ChatServerConfig config;
  private final Consumer<String> notes;
  private final Pause pause;
  private final HttpClient client;
  private volatile boolean hasAnswered;

  /**
   * Prepares to ask; nothing is sent yet.
   *
   * @param notes hears why something is asked again
   */
  public ChatServer(ChatServerConfig config, Consumer<String> notes) {
    this(config, notes, time -> Pause.sleep(time.toMillis()));
  }

  ChatServer(ChatServerConfig config, Consumer<String> notes, Pause pause) {
    this.config = config;
    this.notes = notes;
    this.pause = pause;
    this.client = client(config);
  }

  private static HttpClient client(ChatServerConfig config) {
    HttpClient.Builder client =
        HttpClient.newBuilder()
            .version(Version.HTTP_1_1)
            .followRedirects(Redirect.NEVER)
            .connectTimeout(config.timeout());
    return (config.isOnThisMachine() ? client : client.proxy(config.proxies())).build();
  }

  /**
   * Checks that the server is there, without a question: whatever it answers will do.
   *
   * @throws IOException {@code ADDRESS: ...} when it does not answer
   */
  public void requireThere() throws IOException {
    try {
      var _ = whole(request().GET().build());
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      throw new IOException(config.address() + ": " + reason(e), e);
    }
  }

  @Override
  public String name() {
    return config.model();
  }

  /** {@inheritDoc} */
  @Override
  public String answer(ChatQuestion question) throws IOException {
    HttpRequest request = request(question);
    for (int failures = 1; ; failures++) {
      Optional<HttpResponse<byte[]>> response = send(request, failures);
      if (response.isPresent()) {
        hasAnswered = true;
        if (response.get().statusCode() == 200) {
          return content(response.get().body());
        }
        refuseOrWait(response.get(), failures);
      }
    }
  }

  private HttpRequest request(ChatQuestion question) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("model", config.model());
    body.put("messages", question.messages());
    body.put("temperature", question.temperature());
    body.put("max_tokens", question.maxTokens());
    return request()
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(Json.compact(body)))
        .build();
  }

  private HttpRequest.Builder request() {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(config.address())
            .timeout(config.timeout())
            .header("Accept", "application/json")
            .header("User-Agent", "mechinterp");
    config.key().ifPresent(key -> request.header("Authorization", key.authorization()));
    if (!config.isOnThisMachine()) {
      config
          .proxies()
          .authorization(config.address())
          .ifPresent(value -> request.header("Proxy-Authorization", value));
    }
    return request;
  }

  /** Returns the answer, or nothing after a pause when it is worth asking again. */
  private Optional<HttpResponse<byte[]>> send(HttpRequest request, int failures)
      throws IOException {
    try {
      return Optional.of(whole(request));
    } catch (InterruptedIOException e) {
      throw e;
    } catch (IOException e) {
      boolean neverThere = e instanceof ConnectException && !hasAnswered;
      if (neverThere || failures == Retries.MOST_TRIES) {
        throw new IOException(config.address() + ": " + reason(e), e);
      }
      waitBefore(reason(e), Retries.backoff(failures));
      return Optional.empty();
    }
  }

  /** The request's own time ends with the answer's head; here the body counts, too. */
  private HttpResponse<byte[]> whole(HttpRequest request) throws IOException {
    CompletableFuture<HttpResponse<byte[]>> sent =
        client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_BYTES));
    try {
      return sent.get(config.timeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      var _ = sent.cancel(true);
      throw Pause.interrupted(e);
    } catch (TimeoutException e) {
      var _ = sent.cancel(true);
      HttpTimeoutException late = new HttpTimeoutException("late");
      late.initCause(e);
      throw late;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failed) {
        throw failed;
      }
      throw new IOException(Objects.requireNonNullElse(e.getMessage(), "failed"), e);
    }
  }

  private String reason(IOException cause) {
    return switch (cause) {
      case HttpTimeoutException _ -> "no answer in %.0f s".formatted(seconds(config.timeout()));
      case ConnectException _ -> "no connection; is the server running?";
      default -> oneLine(Objects.requireNonNullElse(cause.getMessage(), "no answer"));
    };
  }

  private static double seconds(Duration time) {
    return Math.ceil(time.toMillis() / 1e3);
  }

  private void refuseOrWait(HttpResponse<byte[]> response, int failures) throws IOException {
    int status = response.statusCode();
    String problem = "answers %d%s".formatted(status, explanation(response.body()));
    Duration wait =
        Retries.wishedWait(name -> response.headers().firstValue(name))
            .orElse(Retries.backoff(failures));
    boolean patient = wait.compareTo(Retries.LONGEST_WAIT) <= 0;
    if (!Retries.isTemporary(status) || !patient || failures == Retries.MOST_TRIES) {
      throw new IOException(config.address() + ": " + problem);
    }
    waitBefore(problem, wait);
  }

  private void waitBefore(String problem, Duration time) throws IOException {
    notes.accept(
        "%s: %s; asking again in %d s".formatted(config.address(), problem, time.toSeconds()));
    pause.of(time);
  }

  /** What servers say in {@code error.message} or {@code error}; anything else as it is. */
  private String explanation(byte[] body) {
    String text = new String(body, StandardCharsets.UTF_8);
    try {
      JsonNode error = tree(body).path("error");
      JsonNode message = error.isObject() ? error.path("message") : error;
      text = message.isString() ? message.asString() : text;
    } catch (FormatException _) {
      // Proxies answer with pages; their beginning tells what they are.
    }
    String shown = oneLine(text);
    return shown.isEmpty() ? "" : ": " + shown;
  }

  private String oneLine(String text) {
    String safe = config.key().map(key -> key.removedFrom(text)).orElse(text);
    String line = safe.replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
    return line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) + " ..." : line;
  }

  private JsonNode tree(byte[] body) throws FormatException {
    return Json.read(config.address().toString(), body, JsonNode.class);
  }

  private String content(byte[] body) throws FormatException {
    JsonNode content = tree(body).path("choices").path(0).path("message").path("content");
    if (!content.isString()) {
      throw new FormatException(
          config.address().toString(),
          "answers \"%s\"; expected choices[0].message.content"
              .formatted(oneLine(new String(body, StandardCharsets.UTF_8))));
    }
    return content.asString();
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
