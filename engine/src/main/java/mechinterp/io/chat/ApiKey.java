package mechinterp.io.chat;

import java.util.Map;
import java.util.Optional;

/** A key for a server: from the environment alone, and in no message. */
public final class ApiKey {
  private final String secret;

  private ApiKey(String secret) {
    this.secret = secret;
  }

  /**
   * Returns the key that an environment variable holds, if it holds one.
   *
   * @param environment such as {@link System#getenv()}
   * @throws IllegalArgumentException when it holds spaces or control characters, which a header
   *     cannot have
   */
  public static Optional<ApiKey> of(Map<String, String> environment, String variable) {
    String value = environment.getOrDefault(variable, "").strip();
    if (!value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new IllegalArgumentException(
          variable + ": holds a space or an unusual character; a key must have none");
    }
    return value.isEmpty() ? Optional.empty() : Optional.of(new ApiKey(value));
  }

  String authorization() {
    return "Bearer " + secret;
  }

  /** Returns a text of the server without the key, which some repeat when they refuse it. */
  String removedFrom(String text) {
    return text.replace(secret, "(key)");
  }

  /** Does not say the key. */
  @Override
  public String toString() {
    return "ApiKey";
  }
}
