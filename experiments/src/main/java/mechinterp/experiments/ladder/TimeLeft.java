package mechinterp.experiments.ladder;

import java.util.List;
import java.util.Locale;
import mechinterp.experiments.console.Progress;

/** How long the rest takes, by the work of what is done. */
final class TimeLeft {
  private static final double NANOSECONDS = 1e9;

  /** What a token costs beside its products with all latents, in latents. */
  private static final int OVERHEAD = 256;

  private final long began = System.nanoTime();
  private final int cells;
  private final double all;
  private double done;
  private int number;

  TimeLeft(List<LadderCell> missing) {
    cells = missing.size();
    all = missing.stream().mapToDouble(TimeLeft::work).sum();
  }

  private static double work(LadderCell cell) {
    return (double) cell.tokens() * (cell.dSae() + OVERHEAD);
  }

  /** Returns what is said when a cell is finished. */
  String done(LadderCell cell, double fvu) {
    done += work(cell);
    number++;
    double seconds = (System.nanoTime() - began) / NANOSECONDS;
    return String.format(
        Locale.ROOT,
        "%d of %d  %s  FVU %.4f  about %s left",
        number,
        cells,
        cell,
        fvu,
        Progress.duration(seconds * (all - done) / done));
  }
}
