package mechinterp.io.http;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which answers are worth asking again, and after how long. */
public final class Retries {
  /** How often to ask in all. */
  public static final int MOST_TRIES = 6;

  /** Who is told to wait longer than this gives up. */
  public static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(8);
  private static final Pattern RATE_LIMIT_RESET = Pattern.compile(";\\s*t=(\\d{1,9})");
  private static final int TOO_MANY_REQUESTS = 429;

  private Retries() {}

  /** Returns whether a request that was answered with this status may succeed later. */
  public static boolean isTemporary(int status) {
    return switch (status) {
      case 408, TOO_MANY_REQUESTS, 500, 502, 503, 504 -> true;
      default -> false;
    };
  }

  /** Returns how long to wait after so many failures: 1, 2, 4 and then 8 seconds. */
  public static Duration backoff(int failures) {
    Duration doubled = Duration.ofSeconds(1L << Math.min(failures - 1, 10));
    return doubled.compareTo(LONGEST_BACKOFF) < 0 ? doubled : LONGEST_BACKOFF;
  }

  /**
   * Returns how long the server wants one to wait: in seconds or until a date ({@code
   * Retry-After}), or by the Hugging Face Hub's {@code RateLimit}.
   *
   * @param header returns the value of the answer's header of a name
   */
  public static Optional<Duration> wishedWait(Function<String, Optional<String>> header) {
    Optional<String> retryAfter = header.apply("Retry-After");
    if (retryAfter.isPresent()) {
      return retryAfter.flatMap(Retries::time);
    }
    return header
        .apply("RateLimit")
        .map(RATE_LIMIT_RESET::matcher)
        .filter(Matcher::find)
        .map(found -> Duration.ofSeconds(Long.parseLong(found.group(1))));
  }

  private static Optional<Duration> time(String retryAfter) {
    if (retryAfter.matches("\\d{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(retryAfter)));
    }
    try {
      Instant then =
          ZonedDateTime.parse(retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration left = Duration.between(Instant.now(), then);
      return Optional.of(left.isNegative() ? Duration.ZERO : left);
    } catch (DateTimeException _) {
      return Optional.empty();
    }
  }
}
