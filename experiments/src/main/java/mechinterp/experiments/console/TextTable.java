package mechinterp.experiments.console;

import java.util.ArrayList;
import java.util.List;

/**
 * A table of text: columns as wide as their widest cell, the first to the left, the others to the
 * right.
 */
public final class TextTable {
  private final List<List<String>> rows = new ArrayList<>();

  /** Makes a table with these column titles. */
  public TextTable(String... titles) {
    rows.add(List.of(titles));
  }

  /**
   * Adds a row.
   *
   * @throws IllegalArgumentException when it has another number of cells than there are titles
   */
  public TextTable row(String... cells) {
    if (cells.length != rows.getFirst().size()) {
      throw new IllegalArgumentException(
          "table: row has %d cells, there are %d columns"
              .formatted(cells.length, rows.getFirst().size()));
    }
    rows.add(List.of(cells));
    return this;
  }

  @Override
  public String toString() {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      text.append(line(row, widths)).append('\n');
    }
    return text.toString();
  }

  /** Returns the table in Markdown. */
  public String toMarkdown() {
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      text.append("| ").append(String.join(" | ", row)).append(" |\n");
      if (text.indexOf("\n") == text.length() - 1) {
        text.append("|---".repeat(row.size())).append("|\n");
      }
    }
    return text.toString();
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      String cell = row.get(column);
      String fill = " ".repeat(widths[column] - cell.length());
      line.append(column == 0 ? cell + fill : "  " + fill + cell);
    }
    return line.toString().stripTrailing();
  }
}
