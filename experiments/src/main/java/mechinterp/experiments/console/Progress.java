package mechinterp.experiments.console;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * The progress of one stage of known length on standard error: one line that is rewritten on a
 * terminal, and elsewhere a new line every few seconds. Each shows the part done, the rate and the
 * time left.
 */
public final class Progress implements AutoCloseable {
  private static final long TERMINAL_INTERVAL = 100_000_000L;
  private static final long LINE_INTERVAL = 5_000_000_000L;
  private static final int BAR_WIDTH = 20;
  private static final double NANOS = 1e9;
  private static final long OPEN_ENDED = 0;

  private final PrintWriter out;
  private final boolean terminal;
  private final LongSupplier nanoTime;
  private final String stage;
  private final String unit;
  private final long total;
  private final long started;
  private long shownAt;
  private long done;
  private String note = "";
  private int shownLength;

  private Progress(
      PrintWriter out,
      boolean terminal,
      LongSupplier nanoTime,
      String stage,
      long total,
      String unit) {
    this.out = out;
    this.terminal = terminal;
    this.nanoTime = nanoTime;
    this.stage = stage;
    this.total = total;
    this.unit = unit;
    this.started = nanoTime.getAsLong();
    this.shownAt = started;
  }

  /**
   * Where progress goes.
   *
   * @param out usually standard error
   * @param terminal whether a line can be rewritten
   * @param nanoTime a clock in nanoseconds
   */
  public record Display(PrintWriter out, boolean terminal, LongSupplier nanoTime) {
    /** Returns the display of this process: a terminal if {@link StandardError} is one. */
    public static Display of(PrintWriter err) {
      return new Display(err, StandardError.isTerminal(), System::nanoTime);
    }

    /** Shows a line or several that stay. */
    public void note(String text) {
      out.println(text);
      out.flush();
    }

    /**
     * Begins a stage.
     *
     * @param stage what is done, such as {@code train}
     * @param total how many units there are to do, at least 1
     * @param unit what is counted, such as {@code tokens}
     */
    public Progress start(String stage, long total, String unit) {
      return new Progress(out, terminal, nanoTime, stage, Math.max(total, 1), unit);
    }

    /** Begins a stage of which nobody knows how much there is to do. */
    public Progress startOpenEnded(String stage, String unit) {
      return new Progress(out, terminal, nanoTime, stage, OPEN_ENDED, unit);
    }
  }

  /** Notes that {@code done} units are done. */
  public void update(long done) {
    update(done, "");
  }

  /** Notes that {@code done} units are done, and shows {@code note} beside them. */
  public void update(long done, String note) {
    this.done = done;
    this.note = note;
    long now = nanoTime.getAsLong();
    if (now - shownAt >= (terminal ? TERMINAL_INTERVAL : LINE_INTERVAL)) {
      shownAt = now;
      show(line(now));
    }
  }

  /** Shows a line that stays. */
  public void note(String text) {
    if (terminal && shownLength > 0) {
      out.print("\r" + " ".repeat(shownLength) + "\r");
      shownLength = 0;
    }
    out.println(text);
    out.flush();
  }

  /** Ends the stage with a line that says how long it took; without one when nothing was done. */
  @Override
  public void close() {
    if (done == 0) {
      return;
    }
    double seconds = (nanoTime.getAsLong() - started) / NANOS;
    show(
        String.format(
            Locale.ROOT,
            "%-10s %,d %s in %s (%s)%s",
            stage,
            done,
            unit,
            duration(seconds),
            rate(seconds),
            spacedNote()));
    if (terminal) {
      out.println();
      out.flush();
    }
  }

  private String line(long now) {
    double seconds = (now - started) / NANOS;
    return total == OPEN_ENDED ? lineOfCount(seconds) : lineOfPart(seconds);
  }

  private String lineOfCount(double seconds) {
    return String.format(
        Locale.ROOT, "%-10s %,d %s  %s%s", stage, done, unit, rate(seconds), spacedNote());
  }

  private String lineOfPart(double seconds) {
    double part = Math.min(1, (double) done / total);
    double left = part > 0 ? seconds / part - seconds : 0;
    return String.format(
        Locale.ROOT,
        "%-10s %s%3.0f %%  %s  %s left%s",
        stage,
        terminal ? bar(part) : "",
        100 * part,
        rate(seconds),
        duration(left),
        spacedNote());
  }

  private String spacedNote() {
    return note.isEmpty() ? "" : "  " + note;
  }

  private static String bar(double part) {
    int full = (int) (part * BAR_WIDTH);
    return "[" + "#".repeat(full) + ".".repeat(BAR_WIDTH - full) + "] ";
  }

  private String rate(double seconds) {
    double perSecond = seconds > 0 ? done / seconds : 0;
    return String.format(Locale.ROOT, perSecond < 10 ? "%.1f %s/s" : "%,.0f %s/s", perSecond, unit);
  }

  private void show(String line) {
    if (!terminal) {
      out.println(line);
    } else {
      out.print("\r" + line + " ".repeat(Math.max(0, shownLength - line.length())));
      shownLength = line.length();
    }
    out.flush();
  }

  /**
   * Returns a time in the two units that matter: {@code 8.3 s}, {@code 2 min 05 s}, {@code 1 h 12
   * min}.
   */
  public static String duration(double seconds) {
    if (seconds < 60) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    return whole < 3600
        ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
  }
}
