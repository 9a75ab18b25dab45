package mechinterp.experiments.megabench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mechinterp.experiments.console.TextTable;
import mechinterp.megabench.Metric;
import mechinterp.megabench.MetricValue;
import mechinterp.megabench.NoiseFloor;
import mechinterp.megabench.Ranking;

/** The report as tables of text. */
public final class BenchTables {
  private static final String NONE = "-";
  private static final String NOT_TOLD = " *";

  private BenchTables() {}

  /** Returns all tables for a terminal. */
  public static String text(BenchResults results) {
    return report(results, TextTable::toString, "");
  }

  /** Returns all tables in Markdown. */
  public static String markdown(BenchResults results) {
    return "# MEGA-Bench\n\n" + report(results, TextTable::toMarkdown, "## ");
  }

  @FunctionalInterface
  private interface Form {
    String of(TextTable table);
  }

  private static String report(BenchResults results, Form form, String heading) {
    StringBuilder text = new StringBuilder();
    results.notes().forEach(note -> text.append("Not in the tables: ").append(note).append('\n'));
    for (Setting setting : results.settings()) {
      text.append(heading)
          .append(setting.title())
          .append("\n\n")
          .append(form.of(values(setting)))
          .append('\n')
          .append(form.of(noise(setting)))
          .append('\n')
          .append(rankings(setting))
          .append('\n');
    }
    return text
        + "Values with half of their 95 % bootstrap interval over seeds and over what the metric is a mean of\n"
        + "(documents, latents, labels or texts). With two or three seeds it is too narrow.\n"
        + "* does not tell the trained kinds apart here (F test of 5 %), or its noise is not known: no ranking by it.\n"
        + "Definitions: docs/metrics.md, version "
        + Metric.VERSION
        + ".\n";
  }

  private static TextTable values(Setting setting) {
    String[] titles =
        Stream.concat(
                Stream.of("metric"),
                setting.groups().stream()
                    .map(group -> group.name() + " (" + group.seeds().size() + ")"))
            .toArray(String[]::new);
    TextTable table = new TextTable(titles);
    for (Metric metric : setting.metrics()) {
      List<String> row = new ArrayList<>();
      row.add(metric.field() + mark(setting, metric));
      setting
          .groups()
          .forEach(group -> row.add(group.value(metric).map(BenchTables::text).orElse(NONE)));
      table.row(row.toArray(String[]::new));
    }
    return table;
  }

  private static String mark(Setting setting, Metric metric) {
    return setting.verdict(metric).tellsKindsApart() ? "" : NOT_TOLD;
  }

  static String text(MetricValue value) {
    double half = (value.high() - value.low()) / 2;
    return half == 0 ? number(value.value()) : number(value.value()) + " ±" + number(half);
  }

  /** Returns a number with three or four digits that say something. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size >= 1e5) {
      return String.format(Locale.ROOT, "%.2e", value);
    }
    String format = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.4f";
    return String.format(Locale.ROOT, format, value);
  }

  private static TextTable noise(Setting setting) {
    TextTable table =
        new TextTable(
            "noise of",
            "reseeding",
            "other texts or latents",
            "smallest difference",
            "F",
            "tells kinds apart");
    for (Metric metric : setting.metrics()) {
      Optional<NoiseFloor> noise = setting.verdict(metric).noise();
      noise.ifPresent(floor ->
          table.row(
              metric.field(),
              number(floor.reseeding()),
              metric.unit() == Metric.Unit.RUN ? NONE : number(floor.documents()),
              number(floor.smallestDifference()),
              Double.isFinite(floor.discriminability())
                  ? number(floor.discriminability())
                  : "no noise",
              floor.tellsKindsApart() ? "yes" : "no"));
    }
    return table;
  }

  /** Returns a line for each metric that ranks. */
  private static String rankings(Setting setting) {
    String lines =
        setting.metrics().stream()
            .map(metric ->
                setting
                    .verdict(metric)
                    .ranking()
                    .map(ranking -> "- " + metric.field() + ": " + order(ranking) + "\n")
                    .orElse(""))
            .collect(Collectors.joining());
    return lines.isEmpty()
        ? "No metric ranks here: there must be 2 kinds with 2 seeds each that one tells apart.\n"
        : "Rankings, the best first, with the share of bootstrap draws in which one beats the next:\n"
            + lines;
  }

  /** Returns the order with how sure each step is. */
  static String order(Ranking ranking) {
    StringBuilder text = new StringBuilder(ranking.names().getFirst());
    for (int i = 1; i < ranking.names().size(); i++) {
      double share = ranking.beats().get(i - 1).get(i);
      text.append(String.format(Locale.ROOT, " >(%.2f) ", share)).append(ranking.names().get(i));
    }
    return text.toString();
  }
}
