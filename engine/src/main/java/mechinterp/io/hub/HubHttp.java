package mechinterp.io.hub;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import mechinterp.io.http.Pause;
import mechinterp.io.http.Retries;

/**
 * Requests to the hub: tries again what may succeed later, waits as long as the hub asks for, and
 * follows redirections. The token goes to the hub only, never to the stores it leads to.
 */
final class HubHttp implements AutoCloseable {
  private static final int MOST_REDIRECTIONS = 10;
  private static final Set<String> HUB_ORIGINS =
      Set.of("https://huggingface.co:443", "https://hf.co:443");

  private final HubSettings settings;
  private final Pause pause;
  private final HttpClient client;

  HubHttp(HubSettings settings, Pause pause) {
    this.settings = settings;
    this.pause = pause;
    this.client =
        HttpClient.newBuilder()
            .version(Version.HTTP_1_1)
            .followRedirects(Redirect.NEVER)
            .connectTimeout(settings.answerTimeout())
            .proxy(settings.proxies())
            .build();
  }

  /**
   * What to ask for.
   *
   * @param method GET or HEAD
   * @param uri where
   * @param headers what to say beside
   * @param patient whether to try again when it does not work at once
   * @param staysOnHub whether an answer that leads away from the hub is the one that is wanted
   */
  record Question(
      String method, URI uri, Map<String, String> headers, boolean patient, boolean staysOnHub) {
    Question at(URI other) {
      return new Question(method, other, headers, patient, staysOnHub);
    }
  }

  /**
   * Returns the last answer of a chain of redirections, whatever its status; the caller closes it.
   *
   * @throws HubException when the hub does not answer
   */
  HubAnswer ask(Question question, HubListener listener) throws IOException {
    Question next = question;
    for (int i = 0; i <= MOST_REDIRECTIONS; i++) {
      HubAnswer answer = askAgain(next, listener);
      Optional<URI> location = answer.location();
      boolean leavesHub = location.isPresent() && !isHub(location.get());
      if (location.isEmpty() || (leavesHub && question.staysOnHub())) {
        return answer;
      }
      answer.close();
      requireAsSafe(next.uri(), location.get());
      next = next.at(location.get());
    }
    throw new HubException(
        HubException.Problem.UNREACHABLE,
        "%s: leads on and on; at most %d redirections are followed"
            .formatted(question.uri(), MOST_REDIRECTIONS));
  }

  private static void requireAsSafe(URI from, URI to) throws HubException {
    boolean known = "http".equals(to.getScheme()) || "https".equals(to.getScheme());
    boolean loses = "https".equals(from.getScheme()) && "http".equals(to.getScheme());
    if (!known || loses || to.getHost() == null) {
      throw new HubException(
          HubException.Problem.UNREACHABLE,
          "%s: leads to %s://%s; it must lead to %s"
              .formatted(
                  withoutQuery(from),
                  to.getScheme(),
                  to.getHost(),
                  loses ? "https" : "http or https"));
    }
  }

  /** Waits between two tries of something. */
  void waitAfter(int failures) throws IOException {
    pause.of(Retries.backoff(failures));
  }

  private HubAnswer askAgain(Question question, HubListener listener) throws IOException {
    int tries = question.patient() ? Retries.MOST_TRIES : 1;
    for (int failures = 1; ; failures++) {
      try {
        HubAnswer answer = send(question);
        if (failures == tries || !Retries.isTemporary(answer.status())) {
          return answer;
        }
        answer.close();
        Duration wait = waitFor(answer, failures);
        pauseFor(question.uri(), "answers " + answer.status(), wait, listener);
      } catch (HubException | InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        if (failures == tries) {
          throw noAnswer(question.uri(), e);
        }
        pauseFor(question.uri(), reason(e), Retries.backoff(failures), listener);
      }
    }
  }

  private void pauseFor(URI uri, String problem, Duration time, HubListener listener)
      throws IOException {
    listener.note(
        "%s: %s; trying again in %d s".formatted(withoutQuery(uri), problem, time.toSeconds()));
    pause.of(time);
  }

  private HubAnswer send(Question question) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(question.uri())
            .method(question.method(), HttpRequest.BodyPublishers.noBody())
            .timeout(settings.answerTimeout())
            .header("User-Agent", "mechinterp")
            .header("Accept-Encoding", "identity");
    question.headers().forEach(request::header);
    settings
        .proxies()
        .authorization(question.uri())
        .ifPresent(value -> request.header("Proxy-Authorization", value));
    if (isHub(question.uri())) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    try {
      return new HubAnswer(
          client.send(request.build(), BodyHandlers.ofInputStream()), settings.stallTimeout());
    } catch (InterruptedException e) {
      throw Pause.interrupted(e);
    }
  }

  /** A mirror may lead to the hub itself, which may then know the user too. */
  private boolean isHub(URI uri) {
    return origin(uri).equals(origin(settings.endpoint())) || HUB_ORIGINS.contains(origin(uri));
  }

  private static String origin(URI uri) {
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    int standard = scheme.equals("https") ? 443 : 80;
    int port = uri.getPort() < 0 ? standard : uri.getPort();
    return scheme + "://" + String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT) + ":" + port;
  }

  private static Duration waitFor(HubAnswer answer, int failures) throws HubException {
    Duration wait = Retries.wishedWait(answer::header).orElse(Retries.backoff(failures));
    if (wait.compareTo(Retries.LONGEST_WAIT) > 0) {
      throw tooManyRequests(answer);
    }
    return wait;
  }

  /** Returns the exception for a hub that wants fewer requests. */
  static HubException tooManyRequests(HubAnswer answer) {
    return new HubException(
        HubException.Problem.RATE_LIMITED,
        "%s: too many requests (%d); the hub says to come back %s"
            .formatted(
                withoutQuery(answer.uri()),
                answer.status(),
                Retries.wishedWait(answer::header)
                    .map(wait -> "in " + wait.toSeconds() + " s")
                    .orElse("later")));
  }

  private static HubException noAnswer(URI uri, IOException cause) {
    return new HubException(
        HubException.Problem.UNREACHABLE, withoutQuery(uri) + ": " + reason(cause), cause);
  }

  private static String reason(IOException cause) {
    return switch (cause) {
      case HttpTimeoutException _ -> "no answer in time";
      case ConnectException _ -> "no connection (network or HTTPS_PROXY?)";
      default -> Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    };
  }

  /** What stands behind the question mark may be a signature, which is nobody's business. */
  static String withoutQuery(URI uri) {
    String text = uri.toString();
    int query = text.indexOf('?');
    return query < 0 ? text : text.substring(0, query);
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
