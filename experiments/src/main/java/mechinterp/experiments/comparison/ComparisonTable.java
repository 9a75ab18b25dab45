package mechinterp.experiments.comparison;

import java.util.List;
import java.util.Locale;
import mechinterp.experiments.console.TextTable;
import mechinterp.metrics.ConfidenceInterval;

/** The results of a comparison as text: means over the seeds, and differences to the first arm. */
public final class ComparisonTable {
  private ComparisonTable() {}

  /** Returns both tables. */
  public static String of(List<ArmResult> arms) {
    List<String> figures = List.copyOf(arms.getFirst().figures().keySet());
    ArmResult first = arms.getFirst();
    TextTable means = table("arm", "lr", figures);
    TextTable differences = table("difference to " + first.name(), "", figures);
    for (ArmResult arm : arms) {
      means.row(row(arm.name(), "" + arm.learningRate(), figures, arm::interval));
    }
    for (ArmResult arm : arms.subList(1, arms.size())) {
      differences.row(row(arm.name(), "", figures, figure -> arm.difference(first, figure)));
    }
    return means
        + (arms.size() > 1 ? "\n" + differences : "")
        + "\nMean over %d seeds +- half of the 95 %% interval (Student's t)."
            .formatted(first.trainingSeconds().size());
  }

  private interface Intervals {
    ConfidenceInterval of(String figure);
  }

  private static TextTable table(String title, String second, List<String> figures) {
    String[] titles = new String[figures.size() + 2];
    titles[0] = title;
    titles[1] = second;
    for (int i = 0; i < figures.size(); i++) {
      titles[i + 2] = figures.get(i);
    }
    return new TextTable(titles);
  }

  private static String[] row(
      String name, String second, List<String> figures, Intervals intervals) {
    String[] cells = new String[figures.size() + 2];
    cells[0] = name;
    cells[1] = second;
    for (int i = 0; i < figures.size(); i++) {
      cells[i + 2] = text(intervals.of(figures.get(i)));
    }
    return cells;
  }

  private static String text(ConfidenceInterval interval) {
    return Double.isFinite(interval.halfWidth())
        ? String.format(Locale.ROOT, "%.4f +-%.4f", interval.mean(), interval.halfWidth())
        : String.format(Locale.ROOT, "%.4f", interval.mean());
  }
}
