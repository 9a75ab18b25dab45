package mechinterp.experiments.report;

import java.util.List;

/**
 * A histogram.
 *
 * @param title what it shows
 * @param explanation what a reader should look for, one sentence
 * @param xLabel name of the horizontal axis
 * @param yLabel what the bars count
 * @param low value at the beginning of the first bar
 * @param width width of a bar
 * @param counts how many there are in each bar
 */
public record BarChart(
    String title,
    String explanation,
    String xLabel,
    String yLabel,
    double low,
    double width,
    List<Long> counts)
    implements Figure {

  /**
   * Checks the bars.
   *
   * @throws IllegalArgumentException when there is none
   */
  public BarChart {
    if (counts.isEmpty()) {
      throw new IllegalArgumentException("chart " + title + ": has no bars; it must have one");
    }
    counts = List.copyOf(counts);
  }

  @Override
  public String svg() {
    long highest = counts.stream().mapToLong(Long::longValue).max().orElseThrow();
    Axis x = Axis.exactly(low, low + width * counts.size());
    Plot plot =
        new Plot(describe(), x, xLabel, Axis.around(0, Math.max((double) highest, 1)), yLabel);
    for (int i = 0; i < counts.size(); i++) {
      bar(plot, i);
    }
    return plot.svg();
  }

  private void bar(Plot plot, int i) {
    double left = plot.xPosition(low + i * width);
    double right = plot.xPosition(low + (i + 1) * width);
    double top = plot.yPosition((double) counts.get(i));
    plot.add(
        "<rect class=\"bar\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"><title>%s</title></rect>"
            .formatted(
                Plot.format(left + 0.5),
                Plot.format(top),
                Plot.format(Math.max(right - left - 1, 0.5)),
                Plot.format(plot.bottom() - top),
                Html.escape(describeBar(i))));
  }

  private String describeBar(int i) {
    return "%s to %s: %,d"
        .formatted(
            Html.number(low + i * width, 2), Html.number(low + (i + 1) * width, 2), counts.get(i));
  }

  private String describe() {
    return title
        + ": "
        + counts.stream().mapToLong(Long::longValue).sum()
        + " in "
        + counts.size()
        + " bars";
  }
}
