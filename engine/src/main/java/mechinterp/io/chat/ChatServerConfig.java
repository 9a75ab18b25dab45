package mechinterp.io.chat;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import mechinterp.io.http.EnvironmentProxies;

/**
 * A server and the model that it is asked for.
 *
 * @param address where chat completions are
 * @param model name of the model, as the server knows it
 * @param key what the server wants to see, if anything
 * @param timeout longest time from a question to the whole answer
 * @param proxies the way to servers on other machines
 */
public record ChatServerConfig(
    URI address, String model, Optional<ApiKey> key, Duration timeout, EnvironmentProxies proxies) {
  private static final String COMPLETIONS = "/chat/completions";

  /**
   * Checks that they fit.
   *
   * @throws IllegalArgumentException when the model has no name, the time is not above 0, or a key
   *     would go unencrypted to another machine
   */
  public ChatServerConfig {
    if (model.isBlank()) {
      throw new IllegalArgumentException("judge: has no name; the server must know the model's");
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout: is %s; it must be above 0".formatted(timeout));
    }
    if (key.isPresent() && address.getScheme().equals("http") && !isOnThisMachine(address)) {
      throw new IllegalArgumentException(
          "server: is %s; a key goes only to https or to this machine".formatted(address));
    }
  }

  /**
   * Returns where a server has chat completions: behind {@code /v1} when {@code server} names only
   * the machine, and behind {@code /chat/completions} when it does not say so itself.
   *
   * @throws IllegalArgumentException when it is no http or https address
   */
  public static URI address(String server) {
    URI uri = parse(server);
    boolean known = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    boolean more =
        uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null;
    if (!known || uri.getHost() == null || more) {
      throw new IllegalArgumentException(
          "server: is \"%s\"; it must be an address such as http://localhost:8080/v1"
              .formatted(withoutSecrets(server)));
    }
    String path = uri.getRawPath().replaceFirst("/+$", "");
    String whole =
        path.endsWith(COMPLETIONS) ? path : (path.isEmpty() ? "/v1" : path) + COMPLETIONS;
    return uri.resolve(whole);
  }

  /** Who writes a key into an address should not find it in a message. */
  private static String withoutSecrets(String server) {
    return server.replaceFirst("//[^/@]*@", "//").replaceFirst("[?#].*", "");
  }

  private static URI parse(String server) {
    try {
      return new URI(server);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "server: is \"%s\"; it must be an address such as http://localhost:8080/v1"
              .formatted(withoutSecrets(server)),
          e);
    }
  }

  /** Returns whether the server is on this machine, to which no proxy leads. */
  boolean isOnThisMachine() {
    return isOnThisMachine(address);
  }

  private static boolean isOnThisMachine(URI address) {
    try {
      return InetAddress.getByName(address.getHost()).isLoopbackAddress();
    } catch (UnknownHostException _) {
      return false;
    }
  }
}
