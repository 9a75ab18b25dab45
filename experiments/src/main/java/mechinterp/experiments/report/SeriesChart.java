package mechinterp.experiments.report;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Several series over the same axis, as lines with marks, each with the interval of its values
 * where there is one.
 *
 * @param title what it shows
 * @param explanation what a reader should look for, one sentence
 * @param xLabel name of the horizontal axis
 * @param xScale how it runs
 * @param yLabel name of the vertical axis
 * @param series at most four, whose names a legend shows where there are several
 */
public record SeriesChart(
    String title,
    String explanation,
    String xLabel,
    Scale xScale,
    String yLabel,
    List<Series> series)
    implements Figure {
  private static final int MOST = 4;
  private static final double LEGEND_LINE = 18;
  private static final double LEGEND_LEFT = 0.38;
  private static final double ABOVE_POINT = 8;
  private static final double NOTE_WIDTH = 42;

  /** Share of the range by which values may lie beyond the last tick. */
  private static final double BEYOND = 0.03;

  /** How an axis runs. */
  public enum Scale {
    /** Evenly. */
    LINEAR,
    /** By powers of ten; values must be above 0. */
    LOGARITHMIC
  }

  /**
   * One line.
   *
   * @param name what it is
   * @param points by rising x, or in the order in which they are joined
   */
  public record Series(String name, List<Point> points) {
    /** Keeps the points. */
    public Series {
      points = List.copyOf(points);
    }
  }

  /**
   * A value.
   *
   * @param low lower end of its interval, the value itself where there is none
   * @param high upper end
   * @param note written beside it where there is room, empty for none
   */
  public record Point(double x, double y, double low, double high, String note) {
    /** A value without an interval. */
    public static Point of(double x, double y) {
      return new Point(x, y, y, y, "");
    }

    /** A value without an interval, with a note beside it. */
    public static Point of(double x, double y, String note) {
      return new Point(x, y, y, y, note);
    }
  }

  /**
   * Checks the series.
   *
   * @throws IllegalArgumentException when there is none, there are too many, or one has no points
   */
  public SeriesChart {
    series = List.copyOf(series);
    boolean hasEmpty = series.stream().anyMatch(each -> each.points().isEmpty());
    if (series.isEmpty() || series.size() > MOST || hasEmpty) {
      throw new IllegalArgumentException(
          "chart %s: has %d series; it must have 1 to %d with points"
              .formatted(title, series.size(), MOST));
    }
  }

  @Override
  public String svg() {
    Plot plot = new Plot(describe(), xAxis(), xLabel, yAxis(), yLabel);
    for (int number = 0; number < series.size(); number++) {
      draw(plot, series.get(number).points(), number);
      if (series.size() > 1) {
        legend(plot, number);
      }
    }
    return plot.svg();
  }

  private Stream<Point> points() {
    return series.stream().flatMap(each -> each.points().stream());
  }

  private double least(ToDoubleFunction<Point> value) {
    return points().mapToDouble(value).min().orElseThrow();
  }

  private double most(ToDoubleFunction<Point> value) {
    return points().mapToDouble(value).max().orElseThrow();
  }

  private Axis xAxis() {
    double low = least(Point::x);
    double high = most(Point::x);
    return switch (xScale) {
      case LINEAR -> Axis.around(Math.min(0, low), high);
      case LOGARITHMIC -> Axis.logarithmic(low, high);
    };
  }

  private Axis yAxis() {
    double low = Math.min(0, least(Point::low));
    double high = most(Point::high);
    double beyond = BEYOND * (high - low);
    return Axis.around(Math.min(0, low + beyond), high - beyond);
  }

  private static void draw(Plot plot, List<Point> points, int number) {
    StringBuilder marks = new StringBuilder();
    for (Point point : points) {
      String x = Plot.format(plot.xPosition(point.x()));
      marks.append(
          "<circle cx=\"%s\" cy=\"%s\" r=\"3\"><title>%s</title></circle>"
              .formatted(x, Plot.format(plot.yPosition(point.y())), tooltip(point)));
      if (point.high() > point.low()) {
        marks.append(
            "<line x1=\"%s\" x2=\"%s\" y1=\"%s\" y2=\"%s\"/>"
                .formatted(
                    x,
                    x,
                    Plot.format(plot.yPosition(point.low())),
                    Plot.format(plot.yPosition(point.high()))));
      }
    }
    plot.add(
        "<g class=\"curve series%d\"><path d=\"%s\"/>%s</g>"
            .formatted(number, path(plot, points), marks));
    notes(plot, points);
  }

  /** Writes notes to the left above their points, as far as they do not cover each other. */
  private static void notes(Plot plot, List<Point> points) {
    double taken = plot.left();
    for (Point point : points) {
      double right = plot.xPosition(point.x()) - 2;
      if (!point.note().isEmpty() && right - taken >= NOTE_WIDTH) {
        plot.text(right, plot.yPosition(point.y()) - ABOVE_POINT, "end", "note", point.note());
        taken = right;
      }
    }
  }

  private static String path(Plot plot, List<Point> points) {
    StringBuilder path = new StringBuilder();
    for (Point point : points) {
      path.append(path.isEmpty() ? "M" : "L")
          .append(Plot.format(plot.xPosition(point.x())))
          .append(' ')
          .append(Plot.format(plot.yPosition(point.y())));
    }
    return path.toString();
  }

  private static String tooltip(Point point) {
    return Html.escape(
        String.format(
            Locale.ROOT,
            "%.4g: %.4g (%.4g to %.4g)",
            point.x(),
            point.y(),
            point.low(),
            point.high()));
  }

  private void legend(Plot plot, int number) {
    double left = plot.left() + LEGEND_LEFT * (plot.right() - plot.left());
    double middle = (plot.top() + plot.bottom()) / 2 + LEGEND_LINE * (number - 1);
    plot.add(
        "<g class=\"curve series%d\"><path d=\"M%s %sh20\"/></g>"
            .formatted(number, Plot.format(left), Plot.format(middle - 4)));
    plot.text(left + 26, middle, "start", "note", series.get(number).name());
  }

  private String describe() {
    StringBuilder description = new StringBuilder(title);
    for (Series each : series) {
      description.append(
          "; %s: from %s to %s"
              .formatted(
                  each.name(),
                  Html.number(each.points().getFirst().y(), 4),
                  Html.number(each.points().getLast().y(), 4)));
    }
    return description.toString();
  }
}
