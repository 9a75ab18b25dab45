package mechinterp.experiments.report;

/** A figure as a file of its own, which brings the colours that a page's style sheet would give. */
public final class SvgFile {
  private static final String NAMESPACE = "xmlns=\"http://www.w3.org/2000/svg\"";
  private static final String STYLE =
      """
      <style>
      text { font: 15px system-ui, sans-serif; fill: #5b6675; }
      .note { font-size: 14px; }
      .grid { stroke: #e1e5ea; stroke-width: 1; }
      .line { fill: none; stroke: #2458c5; stroke-width: 2.2; stroke-linejoin: round; }
      .level { stroke: #d97706; stroke-width: 1.8; stroke-dasharray: 6 5; }
      .bar { fill: #2458c5; }
      .series0 { --c: #0072b2; } .series1 { --c: #d55e00; } .series2 { --c: #009e73; } .series3 { --c: #cc79a7; }
      .curve path { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linejoin: round; }
      .curve line { stroke: var(--c); stroke-width: 1.4; }
      .curve circle { fill: var(--c); }
      </style>
      <rect width="100%" height="100%" fill="#ffffff"/>
      """;

  private SvgFile() {}

  /** Returns the content of the file. */
  public static String of(Figure figure) {
    String svg = figure.svg();
    int begin = svg.indexOf(' ') + 1;
    int inside = svg.indexOf('\n') + 1;
    return "<svg %s %s%s%s\n"
        .formatted(NAMESPACE, svg.substring(begin, inside), STYLE, svg.substring(inside));
  }
}
