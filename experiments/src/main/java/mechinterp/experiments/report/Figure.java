package mechinterp.experiments.report;

/** A figure of a report. */
public sealed interface Figure permits LineChart, SeriesChart, BarChart, FrontChart {
  /** Returns what it shows. */
  String title();

  /** Returns one sentence about what to look for. */
  String explanation();

  /** Returns it as an SVG element whose colours come from the page's style sheet. */
  String svg();
}
