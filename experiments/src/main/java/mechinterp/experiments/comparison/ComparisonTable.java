package mechinterp.experiments.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mechinterp.experiments.console.TextTable;
import mechinterp.metrics.ConfidenceInterval;

/**
 * The results of a comparison as text, a row for each figure and a column for each arm: means over
 * the seeds, differences to the first arm, and by how much errors are above or below those of the
 * first arm's own codes, whichever codes they are of.
 */
public final class ComparisonTable {
  private static final List<String> ERRORS = List.of("fvu", "ce_rise", "kl");
  private static final int PERCENT = 100;

  private final List<ArmResult> arms;

  private ComparisonTable(List<ArmResult> arms) {
    this.arms = arms;
  }

  /** Returns all tables for a terminal. */
  public static String text(List<ArmResult> arms) {
    return new ComparisonTable(arms).joined(TextTable::toString, "\n");
  }

  /** Returns all tables in Markdown. */
  public static String markdown(List<ArmResult> arms) {
    return new ComparisonTable(arms).joined(TextTable::toMarkdown, "\n") + "\n";
  }

  @FunctionalInterface
  private interface Form {
    String of(TextTable table);
  }

  private String joined(Form form, String between) {
    List<TextTable> tables = new ArrayList<>(List.of(means()));
    if (arms.size() > 1) {
      tables.add(differences());
      tables.add(errors());
    }
    return tables.stream().map(form::of).collect(Collectors.joining(between))
        + "\nMean over %d seeds +- half of the 95 %% interval (Student's t), paired by seed where arms are compared."
            .formatted(arms.getFirst().trainingSeconds().size());
  }

  private TextTable means() {
    TextTable table = table("", arms);
    table.row(cells("learning rate", arms, arm -> "" + arm.learningRate()));
    for (String figure : figures()) {
      table.row(cells(figure, arms, arm -> text(arm.interval(figure), 1, 4)));
    }
    return table;
  }

  private TextTable differences() {
    ArmResult first = arms.getFirst();
    List<ArmResult> others = arms.subList(1, arms.size());
    TextTable table = table("difference to " + first.name(), others);
    for (String figure : figures()) {
      table.row(cells(figure, others, arm -> text(arm.difference(first, figure), 1, 4)));
    }
    return table;
  }

  private TextTable errors() {
    ArmResult first = arms.getFirst();
    TextTable table = table("%% above %s's own codes".formatted(first.name()), arms);
    for (String error : ERRORS) {
      Stream.of("", Codes.PURSUIT, Codes.ADAPTIVE, Codes.MATCHING)
          .map(codes -> codes + error)
          .filter(figures()::contains)
          .forEach(figure ->
              table.row(
                  cells(
                      figure,
                      arms,
                      arm -> text(arm.relativeTo(first, figure, error), PERCENT, 1))));
    }
    return table;
  }

  private List<String> figures() {
    return List.copyOf(arms.getFirst().figures().keySet());
  }

  private static TextTable table(String title, List<ArmResult> columns) {
    return new TextTable(cells(title, columns, ArmResult::name));
  }

  @FunctionalInterface
  private interface Value {
    String of(ArmResult arm);
  }

  private static String[] cells(String title, List<ArmResult> columns, Value value) {
    return Stream.concat(Stream.of(title), columns.stream().map(value::of)).toArray(String[]::new);
  }

  private static String text(ConfidenceInterval interval, int factor, int digits) {
    String number = "%." + digits + "f";
    String mean = String.format(Locale.ROOT, number, factor * interval.mean());
    return Double.isFinite(interval.halfWidth())
        ? mean + String.format(Locale.ROOT, " +-" + number, factor * interval.halfWidth())
        : mean;
  }
}
