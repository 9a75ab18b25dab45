package mechinterp.experiments.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final long SECOND = 1_000_000_000L;

  private final StringWriter text = new StringWriter();
  private final AtomicLong clock = new AtomicLong();

  private Progress start(boolean terminal) {
    return new Progress.Display(new PrintWriter(text), terminal, clock::get)
        .start("train", 1000, "tokens");
  }

  @Test
  void elsewhereThanOnATerminalThereIsAPlainLineEveryFewSeconds() {
    try (Progress progress = start(false)) {
      for (int i = 1; i <= 12; i++) {
        clock.addAndGet(SECOND);
        progress.update(50L * i, "FVU 0.5");
      }
    }
    String expected =
        """
        train       25 %  50 tokens/s  15.0 s left  FVU 0.5
        train       50 %  50 tokens/s  10.0 s left  FVU 0.5
        train      600 tokens in 12.0 s (50 tokens/s)  FVU 0.5
        """;
    assertEquals(expected, text.toString().replace(System.lineSeparator(), "\n"));
  }

  @Test
  void aStageOfUnknownLengthCountsWithoutPromisingAnEnd() {
    Progress.Display display = new Progress.Display(new PrintWriter(text), false, clock::get);
    try (Progress progress = display.startOpenEnded("harvest", "tokens")) {
      clock.addAndGet(6 * SECOND);
      progress.update(1200);
    }
    String expected =
        """
        harvest    1,200 tokens  200 tokens/s
        harvest    1,200 tokens in 6.0 s (200 tokens/s)
        """;
    assertEquals(expected, text.toString().replace(System.lineSeparator(), "\n"));
  }

  @Test
  void onATerminalOneLineIsRewrittenAndShorterTextCoversLongerText() {
    try (Progress progress = start(true)) {
      clock.addAndGet(SECOND);
      progress.update(500, "a long note to be covered");
      clock.addAndGet(SECOND);
      progress.update(1000);
    }
    String[] shown = text.toString().split("\r", -1);
    assertEquals(4, shown.length);
    assertTrue(shown[1].startsWith("train      [##########..........]  50 %"), shown[1]);
    assertTrue(shown[2].length() >= shown[1].length(), "the old text is covered");
    assertTrue(shown[3].endsWith(System.lineSeparator()), "the last line stays");
    assertTrue(text.toString().indexOf(System.lineSeparator()) == text.toString().length() - 1);
  }

  @Test
  void aStageThatFailedBeforeItBeganSaysNothing() {
    start(false).close();
    start(true).close();
    assertEquals("", text.toString());
  }

  @Test
  void durationsUseTheTwoUnitsThatMatter() {
    assertEquals("59.9 s", Progress.duration(59.9));
    assertEquals("1 min 00 s", Progress.duration(60));
    assertEquals("1 h 01 min", Progress.duration(3660));
  }

  @Test
  void aNoteStandsOnALineOfItsOwn() {
    try (Progress progress = start(true)) {
      clock.addAndGet(SECOND);
      progress.update(500);
      int before = text.toString().length();
      progress.note("warning: something");
      String note = text.toString().substring(before);
      assertTrue(note.matches("\\r +\\rwarning: something\\R"), "covers the line before: " + note);
    }
  }
}
