package mechinterp.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** The answer to a request: its head is here, its body is still to be read. */
final class HubAnswer implements AutoCloseable {
  private static final int LARGEST_TEXT = 100_000_000;

  private final URI uri;
  private final int status;
  private final HttpHeaders headers;
  private final GuardedStream body;

  HubAnswer(HttpResponse<InputStream> response, Duration stallTimeout) {
    this.uri = response.uri();
    this.status = response.statusCode();
    this.headers = response.headers();
    this.body = new GuardedStream(response.body(), stallTimeout);
  }

  /** Returns the address that answered. */
  URI uri() {
    return uri;
  }

  int status() {
    return status;
  }

  /** Returns the body, which fails when nothing comes for too long. */
  InputStream body() {
    return body;
  }

  /** Returns a header's value, whatever the capitals of its name. */
  Optional<String> header(String name) {
    return headers.firstValue(name).map(String::strip).filter(value -> !value.isEmpty());
  }

  /** Returns the number that a header holds. */
  OptionalLong number(String name) {
    return header(name)
        .filter(value -> value.matches("\\d{1,18}"))
        .map(value -> OptionalLong.of(Long.parseLong(value)))
        .orElse(OptionalLong.empty());
  }

  /** Returns where a redirection leads. */
  Optional<URI> location() throws HubException {
    boolean redirects =
        switch (status) {
          case 301, 302, 303, 307, 308 -> true;
          default -> false;
        };
    if (!redirects || header("Location").isEmpty()) {
      return Optional.empty();
    }
    String text = header("Location").get();
    try {
      return Optional.of(uri.resolve(text));
    } catch (IllegalArgumentException e) {
      throw new HubException(
          HubException.Problem.UNREACHABLE,
          "%s: leads to \"%s\"; it must lead to an address".formatted(uri, text),
          e);
    }
  }

  /** Returns the whole body, if it is not larger than any text should be. */
  byte[] content() throws IOException {
    byte[] content = body.readNBytes(LARGEST_TEXT + 1);
    if (content.length > LARGEST_TEXT) {
      throw new HubException(
          HubException.Problem.DAMAGED,
          "%s: answers more than %d bytes".formatted(uri, LARGEST_TEXT));
    }
    return content;
  }

  @Override
  public void close() {
    body.close();
  }
}
