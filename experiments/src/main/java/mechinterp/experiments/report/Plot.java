package mechinterp.experiments.report;

import java.util.Locale;

/** The frame of a figure as SVG: axes, grid, labels; what lies inside is drawn by others. */
final class Plot {
  static final int WIDTH = 520;
  static final int HEIGHT = 270;
  private static final int LEFT = 72;
  private static final int RIGHT = 24;
  private static final int TOP = 12;
  private static final int BOTTOM = 44;

  private final Axis x;
  private final Axis y;
  private final StringBuilder svg = new StringBuilder(4096);

  /**
   * Begins a figure.
   *
   * @param description what a reader who cannot see it should know
   */
  Plot(String description, Axis x, String xLabel, Axis y, String yLabel) {
    this.x = x;
    this.y = y;
    svg.append(
        "<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n"
            .formatted(WIDTH, HEIGHT, Html.escape(description)));
    y.ticks().forEach(this::horizontal);
    x.ticks().forEach(this::vertical);
    text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, "middle", "label", xLabel);
    svg.append(
        "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(14 %s) rotate(-90)\">%s</text>\n"
            .formatted(format((TOP + HEIGHT - BOTTOM) / 2.0), Html.escape(yLabel)));
  }

  private void horizontal(double tick) {
    double at = yPosition(tick);
    svg.append(
        "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%s\" y2=\"%s\"/>"
            .formatted(LEFT, WIDTH - RIGHT, format(at), format(at)));
    text(LEFT - 6, at + 4, "end", "tick", y.label(tick));
  }

  private void vertical(double tick) {
    double at = xPosition(tick);
    svg.append(
        "<line class=\"grid\" x1=\"%s\" x2=\"%s\" y1=\"%d\" y2=\"%d\"/>"
            .formatted(format(at), format(at), TOP, HEIGHT - BOTTOM));
    text(at, HEIGHT - BOTTOM + 17, "middle", "tick", x.label(tick));
  }

  /** Writes text at a place in the figure's own units. */
  void text(double left, double bottom, String anchor, String style, String text) {
    svg.append(
        "<text class=\"%s\" x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>\n"
            .formatted(style, format(left), format(bottom), anchor, Html.escape(text)));
  }

  /** Adds SVG elements. */
  void add(String elements) {
    svg.append(elements).append('\n');
  }

  double xPosition(double value) {
    return LEFT + x.position(value) * (WIDTH - LEFT - RIGHT);
  }

  double yPosition(double value) {
    return HEIGHT - BOTTOM - y.position(value) * (HEIGHT - BOTTOM - TOP);
  }

  double left() {
    return LEFT;
  }

  double right() {
    return WIDTH - RIGHT;
  }

  double bottom() {
    return HEIGHT - BOTTOM;
  }

  double top() {
    return TOP;
  }

  /** Returns the whole figure. */
  String svg() {
    return svg + "</svg>";
  }

  /** Returns a coordinate: a tenth of a unit is less than the eye sees. */
  static String format(double coordinate) {
    return String.format(Locale.ROOT, "%.1f", coordinate);
  }
}
