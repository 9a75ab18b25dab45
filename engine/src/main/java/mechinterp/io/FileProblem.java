package mechinterp.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Says in one line which file could not be read or written and why; the JDK's own exceptions often
 * hold nothing but the path, or nothing but the reason.
 */
public final class FileProblem {
  private FileProblem() {}

  /** Returns {@code FILE: cannot be read: REASON}. */
  public static IOException reading(Path file, IOException cause) {
    return new IOException(file + ": cannot be read: " + reason(cause), cause);
  }

  /** Returns {@code FILE: cannot be written: REASON}. */
  public static IOException writing(Path file, IOException cause) {
    return new IOException(file + ": cannot be written: " + reason(cause), cause);
  }

  private static String reason(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "it does not exist";
      case AccessDeniedException _ -> "permission denied";
      case NotDirectoryException _ -> "a file stands where a folder is needed";
      case FileSystemException failure when failure.getReason() != null -> failure.getReason();
      default -> Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    };
  }
}
