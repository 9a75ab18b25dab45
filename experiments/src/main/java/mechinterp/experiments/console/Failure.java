package mechinterp.experiments.console;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Optional;
import mechinterp.device.InsufficientMemoryException;

/**
 * Why a command ended without a result, as the user sees it.
 *
 * @param exitCode {@link #BAD_INPUT} or {@link #INTERNAL}
 * @param message one line that says what and where
 */
public record Failure(int exitCode, String message) {
  /** Exit code of an error inside the program. */
  public static final int INTERNAL = 1;

  /** Exit code of wrong arguments, bad input, files that cannot be read or written, no memory. */
  public static final int BAD_INPUT = 2;

  /** Puts the message on one line. */
  public Failure {
    message = message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** Returns what to tell the user about {@code thrown}. */
  public static Failure of(Throwable thrown) {
    return switch (thrown) {
      case UncheckedIOException wrapped -> of(cause(wrapped));
      case FileSystemException refused -> badInput(describe(refused));
      case IOException failed -> badInput(messageOf(failed));
      case IllegalArgumentException refused -> badInput(messageOf(refused));
      case InsufficientMemoryException refused -> badInput(messageOf(refused));
      case OutOfMemoryError full ->
          badInput(
              "out of memory (%s); give java more with MECHINTERP_JAVA_OPTIONS=-Xmx..., or lower the batch or d_sae"
                  .formatted(messageOf(full)));
      default ->
          new Failure(
              INTERNAL,
              "internal error: %s: %s; --stacktrace shows where"
                  .formatted(thrown.getClass().getSimpleName(), messageOf(thrown)));
    };
  }

  private static Failure badInput(String message) {
    return new Failure(BAD_INPUT, message);
  }

  private static Throwable cause(UncheckedIOException wrapped) {
    return Optional.<Throwable>ofNullable(wrapped.getCause())
        .orElseGet(() -> new IOException(messageOf(wrapped)));
  }

  /** The JDK's messages of these are bare paths. */
  private static String describe(FileSystemException refused) {
    String reason =
        switch (refused) {
          case NoSuchFileException _ -> "no such file or folder";
          case AccessDeniedException _ -> "permission denied";
          case FileAlreadyExistsException _ -> "exists already";
          case DirectoryNotEmptyException _ -> "folder is not empty";
          case NotDirectoryException _ -> "not a folder";
          default -> Optional.ofNullable(refused.getReason()).orElse("cannot be read or written");
        };
    return Optional.ofNullable(refused.getFile()).map(file -> file + ": ").orElse("") + reason;
  }

  /** Returns the exception's own message, or its name when it has none. */
  static String messageOf(Throwable thrown) {
    return Optional.ofNullable(thrown.getMessage())
        .filter(message -> !message.isBlank())
        .orElseGet(() -> thrown.getClass().getSimpleName());
  }
}
