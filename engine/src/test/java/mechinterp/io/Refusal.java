package mechinterp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Objects;
import org.junit.jupiter.api.function.Executable;

/** The message of a failure that a test expects; it must be one line. */
public final class Refusal {
  private Refusal() {}

  public static String of(Class<? extends Throwable> kind, Executable action) {
    return oneLine(assertThrows(kind, action));
  }

  public static String oneLine(Throwable failure) {
    String message = Objects.requireNonNull(failure.getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }
}
