package mechinterp.io.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxies that environment variables name: {@code HTTP_PROXY}, {@code HTTPS_PROXY}, {@code
 * ALL_PROXY} and {@code NO_PROXY}, in capitals or not. Where they name none, those of Java's own
 * system properties are used.
 */
public final class EnvironmentProxies extends ProxySelector {
  private static final int DEFAULT_PORT = 80;
  private static final List<String> SCHEMES = List.of("http", "https");

  private final Map<String, URI> byScheme = new HashMap<>();
  private final List<String> exceptions;

  private EnvironmentProxies(List<String> exceptions) {
    this.exceptions = exceptions;
  }

  /**
   * Reads an environment.
   *
   * @throws IllegalArgumentException when a variable does not hold the address of an HTTP proxy
   */
  public static EnvironmentProxies of(Map<String, String> environment) {
    String exceptions = value(environment, "no_proxy").orElse("");
    EnvironmentProxies proxies =
        new EnvironmentProxies(
            List.of(exceptions.toLowerCase(Locale.ROOT).strip().split("[\\s,]+")));
    for (String scheme : SCHEMES) {
      String name = value(environment, scheme + "_proxy").isPresent() ? scheme : "all";
      value(environment, name + "_proxy")
          .ifPresent(text ->
              proxies.byScheme.put(scheme, parse(name.toUpperCase(Locale.ROOT) + "_PROXY", text)));
    }
    return proxies;
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .or(() -> Optional.ofNullable(environment.get(name.toUpperCase(Locale.ROOT))))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private static URI parse(String name, String text) {
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      if ("http".equals(uri.getScheme()) && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException _) {
      // Said below. The value may hold a password and is not shown.
    }
    throw new IllegalArgumentException(
        name + ": is not the address of an HTTP proxy; it must be http://HOST:PORT");
  }

  /** Returns the proxy for an address, or none. */
  @Override
  public List<Proxy> select(URI uri) {
    String scheme = Optional.ofNullable(uri.getScheme()).orElse("");
    URI proxy = byScheme.get(scheme);
    if (isException(uri)) {
      return List.of(Proxy.NO_PROXY);
    }
    if (proxy == null) {
      return Optional.ofNullable(ProxySelector.getDefault())
          .map(system -> system.select(uri))
          .orElse(List.of(Proxy.NO_PROXY));
    }
    return List.of(new Proxy(Proxy.Type.HTTP, address(proxy)));
  }

  /** A name stands for its sub-domains too, with a dot before it or not. */
  private boolean isException(URI uri) {
    String host = Optional.ofNullable(uri.getHost()).orElse("").toLowerCase(Locale.ROOT);
    String withPort = host + ":" + uri.getPort();
    return exceptions.stream()
        .filter(entry -> !entry.isEmpty())
        .map(entry -> entry.replaceFirst("^\\*?\\.", ""))
        .anyMatch(entry ->
            entry.equals("*")
                || host.equals(entry)
                || host.endsWith("." + entry)
                || withPort.equals(entry));
  }

  /** Nothing is learnt from a failure: there is only one proxy. */
  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException failure) {}

  /**
   * Returns the {@code Proxy-Authorization} header that lets a request through its proxy, when the
   * proxy's address holds a user and password.
   */
  public Optional<String> authorization(URI uri) {
    SocketAddress used = select(uri).getFirst().address();
    return byScheme.values().stream()
        .filter(proxy -> proxy.getRawUserInfo() != null)
        .filter(proxy -> address(proxy).equals(used))
        .map(proxy -> decoded(proxy.getRawUserInfo()))
        .map(user -> Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)))
        .map(encoded -> "Basic " + encoded)
        .findFirst();
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static InetSocketAddress address(URI proxy) {
    int port = proxy.getPort() < 0 ? DEFAULT_PORT : proxy.getPort();
    return InetSocketAddress.createUnresolved(proxy.getHost(), port);
  }
}
