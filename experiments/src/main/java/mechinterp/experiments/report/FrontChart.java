package mechinterp.experiments.report;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Two figures of several things against each other, with intervals, and the line of those that none
 * beats in both.
 *
 * @param title what it shows
 * @param explanation what a reader should look for, one sentence
 * @param xLabel name of the horizontal axis, the smaller the better
 * @param yLabel name of the vertical axis, the smaller the better
 * @param points the things
 */
public record FrontChart(
    String title, String explanation, String xLabel, String yLabel, List<Point> points)
    implements Figure {
  private static final List<String> MARKS = List.of("circle", "square", "diamond", "triangle");
  private static final double RADIUS = 4.5;
  private static final int COLOURS = 8;

  /**
   * A thing.
   *
   * @param name of it
   * @param series its colour and mark, counted from 0
   * @param isOnFront whether none beats it in both
   */
  public record Point(String name, int series, boolean isOnFront, Range x, Range y) {}

  /** A value with its interval. */
  public record Range(double value, double low, double high) {}

  /**
   * Checks the points.
   *
   * @throws IllegalArgumentException when there is none
   */
  public FrontChart {
    if (points.isEmpty()) {
      throw new IllegalArgumentException("chart " + title + ": has no points; it must have one");
    }
    points = List.copyOf(points);
  }

  @Override
  public String svg() {
    Plot plot = new Plot(describe(), axis(Point::x), xLabel, axis(Point::y), yLabel);
    StringBuilder line = new StringBuilder();
    points.stream()
        .filter(Point::isOnFront)
        .sorted(Comparator.comparingDouble(point -> point.x().value()))
        .forEach(point ->
            line.append(line.isEmpty() ? "M" : "L")
                .append(Plot.format(plot.xPosition(point.x().value())))
                .append(' ')
                .append(Plot.format(plot.yPosition(point.y().value()))));
    plot.add("<path class=\"front\" d=\"" + line + "\"/>");
    points.forEach(point -> draw(plot, point));
    return plot.svg();
  }

  @FunctionalInterface
  private interface Side {
    Range of(Point point);
  }

  private Axis axis(Side side) {
    double high =
        points.stream()
            .mapToDouble(point -> Math.max(side.of(point).value(), side.of(point).high()))
            .max()
            .orElseThrow();
    double low =
        points.stream()
            .mapToDouble(point -> Math.min(side.of(point).value(), side.of(point).low()))
            .min()
            .orElseThrow();
    return Axis.around(Math.min(0, low), high);
  }

  private static void draw(Plot plot, Point point) {
    double x = plot.xPosition(point.x().value());
    double y = plot.yPosition(point.y().value());
    plot.add(
        "<g class=\"point series%d%s\"><title>%s</title>%s%s%s</g>"
            .formatted(
                point.series() % COLOURS,
                point.isOnFront() ? " best" : "",
                Html.escape(
                    String.format(
                        Locale.ROOT,
                        "%s: %.4g, %.4g (%.4g to %.4g)",
                        point.name(),
                        point.x().value(),
                        point.y().value(),
                        point.y().low(),
                        point.y().high())),
                bar(plot.xPosition(point.x().low()), y, plot.xPosition(point.x().high()), y),
                bar(x, plot.yPosition(point.y().low()), x, plot.yPosition(point.y().high())),
                mark(point.series(), x, y)));
  }

  private static String bar(double fromX, double fromY, double toX, double toY) {
    return "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>"
        .formatted(Plot.format(fromX), Plot.format(fromY), Plot.format(toX), Plot.format(toY));
  }

  /** Returns the mark of a series for a legend. */
  public static String legendMark(int series) {
    return "<svg class=\"mark\" viewBox=\"0 0 14 14\" aria-hidden=\"true\"><g class=\"point series%d\">%s</g></svg>"
        .formatted(series % COLOURS, mark(series, 7, 7));
  }

  private static String mark(int series, double x, double y) {
    return switch (MARKS.get(series % MARKS.size())) {
      case "circle" ->
          "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"/>"
              .formatted(Plot.format(x), Plot.format(y), RADIUS);
      case "square" -> polygon(x, y, -1, -1, 1, -1, 1, 1, -1, 1);
      case "diamond" -> polygon(x, y, 0, -1.3, 1.3, 0, 0, 1.3, -1.3, 0);
      default -> polygon(x, y, 0, -1.2, 1.2, 0.9, -1.2, 0.9);
    };
  }

  private static String polygon(double x, double y, double... corners) {
    StringBuilder places = new StringBuilder();
    for (int i = 0; i < corners.length; i += 2) {
      places
          .append(Plot.format(x + RADIUS * corners[i]))
          .append(',')
          .append(Plot.format(y + RADIUS * corners[i + 1]))
          .append(' ');
    }
    return "<polygon points=\"" + places.toString().strip() + "\"/>";
  }

  private String describe() {
    return "%s: %d points, %d of them on the front"
        .formatted(title, points.size(), points.stream().filter(Point::isOnFront).count());
  }
}
