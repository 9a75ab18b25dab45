package mechinterp.experiments.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import mechinterp.device.InsufficientMemoryException;
import org.junit.jupiter.api.Test;

class FailureTest {

  @Test
  void barePathsOfTheJdkGetTheirReason() {
    assertEquals(
        new Failure(2, "a/b: no such file or folder"), Failure.of(new NoSuchFileException("a/b")));
    assertEquals(
        new Failure(2, "a/b: No space left on device"),
        Failure.of(new FileSystemException("a/b", null, "No space left on device")));
  }

  @Test
  void inputArgumentsAndMemoryAreBadInput() {
    assertEquals(2, Failure.of(new IOException("disk")).exitCode());
    assertEquals(2, Failure.of(new IllegalArgumentException("k")).exitCode());
    assertEquals(2, Failure.of(new InsufficientMemoryException("large")).exitCode());
    assertEquals(2, Failure.of(new OutOfMemoryError("Java heap space")).exitCode());
  }

  @Test
  void anExceptionThatOnlyWrapsIsUnwrapped() {
    IOException cause = new NoSuchFileException("x");
    assertEquals(
        new Failure(2, "x: no such file or folder"), Failure.of(new UncheckedIOException(cause)));
  }

  @Test
  void otherExceptionsAreInternalErrorsThatNameThemselves() {
    Failure failure = Failure.of(new IllegalStateException());
    assertEquals(1, failure.exitCode());
    assertTrue(failure.message().contains("IllegalStateException"), failure.message());
  }

  @Test
  void messagesOfSeveralLinesBecomeOne() {
    assertEquals("first; second", Failure.of(new IOException("first\n  second\r\n")).message());
  }
}
