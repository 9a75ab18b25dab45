package mechinterp.io.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mechinterp.io.FileProblem;
import mechinterp.io.http.EnvironmentProxies;

/**
 * Where the hub and its cache are and how to talk to it, by the environment variables of Python's
 * {@code huggingface_hub}.
 *
 * @param endpoint address of the hub, without a slash at its end ({@code HF_ENDPOINT})
 * @param token what the user proves to be with ({@code HF_TOKEN}, or the file that {@code hf auth
 *     login} writes)
 * @param cache root of the cache ({@code HF_HUB_CACHE}, {@code HF_HOME}/hub, or {@code
 *     ~/.cache/huggingface/hub})
 * @param offline whether the hub must not be asked ({@code HF_HUB_OFFLINE})
 * @param symlinks whether the cache may use symbolic links ({@code HF_HUB_DISABLE_SYMLINKS})
 * @param answerTimeout longest time to wait for an answer to begin ({@code HF_HUB_ETAG_TIMEOUT})
 * @param stallTimeout longest time between two pieces of an answer ({@code
 *     HF_HUB_DOWNLOAD_TIMEOUT})
 * @param proxies the proxies of {@code HTTPS_PROXY} and its kin
 */
public record HubSettings(
    URI endpoint,
    Optional<String> token,
    Path cache,
    boolean offline,
    boolean symlinks,
    Duration answerTimeout,
    Duration stallTimeout,
    EnvironmentProxies proxies) {

  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:(\\w+)|\\{(\\w+)})");

  /**
   * Reads this process' environment.
   *
   * @throws IllegalArgumentException when a variable holds what it cannot
   * @throws IOException when the file with the token cannot be read
   */
  public static HubSettings ofEnvironment() throws IOException {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /**
   * Reads an environment.
   *
   * @param home the user's home folder
   * @throws IllegalArgumentException when a variable holds what it cannot
   * @throws IOException when the file with the token cannot be read
   */
  public static HubSettings of(Map<String, String> environment, Path home) throws IOException {
    return new Reader(environment, home).read();
  }

  /** Returns the same settings, with the hub switched off. */
  public HubSettings withoutHub() {
    return new HubSettings(
        endpoint, token, cache, true, symlinks, answerTimeout, stallTimeout, proxies);
  }

  /** Says neither the token nor the proxies' passwords. */
  @Override
  public String toString() {
    return "HubSettings[endpoint=%s, cache=%s, offline=%s]".formatted(endpoint, cache, offline);
  }

  private record Reader(Map<String, String> environment, Path home) {
    HubSettings read() throws IOException {
      Path cacheHome = path("XDG_CACHE_HOME").orElse(home.resolve(".cache"));
      Path hubHome = path("HF_HOME").orElse(cacheHome.resolve("huggingface"));
      Path cache =
          path("HF_HUB_CACHE")
              .or(() -> path("HUGGINGFACE_HUB_CACHE"))
              .orElse(hubHome.resolve("hub"));
      return new HubSettings(
          endpoint(),
          token(path("HF_TOKEN_PATH").orElse(hubHome.resolve("token"))),
          cache,
          isTrue("HF_HUB_OFFLINE") || isTrue("TRANSFORMERS_OFFLINE"),
          !isTrue("HF_HUB_DISABLE_SYMLINKS"),
          seconds("HF_HUB_ETAG_TIMEOUT"),
          seconds("HF_HUB_DOWNLOAD_TIMEOUT"),
          EnvironmentProxies.of(environment));
    }

    private Optional<String> value(String name) {
      return Optional.ofNullable(environment.get(name)).filter(text -> !text.isBlank());
    }

    private boolean isTrue(String name) {
      return value(name).map(text -> TRUE.contains(text.toUpperCase(Locale.ROOT))).orElse(false);
    }

    private Duration seconds(String name) {
      return value(name)
          .map(text -> {
            if (!text.matches("[1-9]\\d{0,5}")) {
              throw new IllegalArgumentException(
                  "%s: is \"%s\"; it must be whole seconds".formatted(name, text));
            }
            return Duration.ofSeconds(Integer.parseInt(text));
          })
          .orElse(DEFAULT_TIMEOUT);
    }

    private URI endpoint() {
      String text = value("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT).replaceFirst("/+$", "");
      try {
        URI uri = new URI(text);
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (http && uri.getHost() != null && uri.getRawQuery() == null) {
          return uri;
        }
      } catch (URISyntaxException _) {
        // Said below, as for the other addresses that cannot be a hub's.
      }
      throw new IllegalArgumentException(
          "HF_ENDPOINT: is \"%s\"; it must be an address such as %s"
              .formatted(text, DEFAULT_ENDPOINT));
    }

    private Optional<String> token(Path file) throws IOException {
      Optional<String> given = value("HF_TOKEN").or(() -> value("HUGGING_FACE_HUB_TOKEN"));
      Optional<String> token = given.isPresent() ? given : content(file);
      return token.map(text -> text.replaceAll("[\\r\\n]", "").strip()).filter(t -> !t.isEmpty());
    }

    private static Optional<String> content(Path file) throws IOException {
      try {
        return Optional.of(Files.readString(file));
      } catch (NoSuchFileException _) {
        return Optional.empty();
      } catch (IOException e) {
        throw FileProblem.reading(file, e);
      }
    }

    private Optional<Path> path(String name) {
      return value(name).map(text -> Path.of(expand(text)));
    }

    /** Puts in the home folder for ~ and other variables' values for $NAME and ${NAME}. */
    private String expand(String text) {
      String atHome = text.equals("~") || text.startsWith("~/") ? home + text.substring(1) : text;
      Matcher matcher = VARIABLE.matcher(atHome);
      return matcher.replaceAll(found -> {
        String variable = Optional.ofNullable(found.group(1)).orElseGet(() -> found.group(2));
        return Matcher.quoteReplacement(environment.getOrDefault(variable, found.group()));
      });
    }
  }
}
