package mechinterp.experiments.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One quantity over another as a line.
 *
 * @param title what it shows
 * @param explanation what a reader should look for, one sentence
 * @param xLabel name of the horizontal axis
 * @param yLabel name of the vertical axis
 * @param points the points by rising x
 * @param level a horizontal line to compare with
 */
public record LineChart(
    String title,
    String explanation,
    String xLabel,
    String yLabel,
    List<Point> points,
    Optional<Level> level)
    implements Figure {
  private static final int MOST_POINTS = 400;

  /** A point of the line. */
  public record Point(double x, double y) {}

  /** A horizontal line with its name. */
  public record Level(String name, double y) {}

  /**
   * Checks the points.
   *
   * @throws IllegalArgumentException when there is none
   */
  public LineChart {
    if (points.isEmpty()) {
      throw new IllegalArgumentException("chart " + title + ": has no points; it must have one");
    }
    points = List.copyOf(points);
  }

  @Override
  public String svg() {
    List<Point> shown = thinned();
    Axis x = Axis.exactly(shown.getFirst().x(), shown.getLast().x());
    Plot plot = new Plot(describe(), x, xLabel, yAxis(shown), yLabel);
    level.ifPresent(line -> draw(plot, line));
    StringBuilder path = new StringBuilder();
    for (Point point : shown) {
      path.append(path.isEmpty() ? "M" : "L")
          .append(Plot.format(plot.xPosition(point.x())))
          .append(' ')
          .append(Plot.format(plot.yPosition(point.y())));
    }
    plot.add("<path class=\"line\" d=\"" + path + "\"/>");
    return plot.svg();
  }

  private Axis yAxis(List<Point> shown) {
    double low = 0;
    double high = level.map(Level::y).orElse(0.0);
    for (Point point : shown) {
      low = Math.min(low, point.y());
      high = Math.max(high, point.y());
    }
    return Axis.around(low, high);
  }

  private static void draw(Plot plot, Level line) {
    String at = Plot.format(plot.yPosition(line.y()));
    plot.add(
        "<line class=\"level\" x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%s\"/>"
            .formatted(Plot.format(plot.left()), Plot.format(plot.right()), at, at));
    plot.text(plot.right() - 4, plot.yPosition(line.y()) - 5, "end", "note", line.name());
  }

  /** Means of neighbouring points, so that a long run does not make a large file. */
  private List<Point> thinned() {
    int group = (points.size() + MOST_POINTS - 1) / MOST_POINTS;
    List<Point> thinned = new ArrayList<>();
    for (int from = 0; from < points.size(); from += group) {
      List<Point> part = points.subList(from, Math.min(points.size(), from + group));
      thinned.add(
          new Point(
              part.stream().mapToDouble(Point::x).average().orElseThrow(),
              part.stream().mapToDouble(Point::y).average().orElseThrow()));
    }
    return thinned;
  }

  private String describe() {
    return "%s: from %s to %s"
        .formatted(
            title, Html.number(points.getFirst().y(), 4), Html.number(points.getLast().y(), 4));
  }
}
