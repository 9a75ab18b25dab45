package mechinterp.experiments.report;

import java.util.List;

/** Figures as one HTML page that needs nothing else. */
public final class FigurePage {
  private static final String REFRESH = "<meta http-equiv=\"refresh\" content=\"10\"/>\n";

  private FigurePage() {}

  /**
   * Returns the page.
   *
   * @param live whether a browser shall load it again every 10 seconds
   */
  public static String of(String title, String subtitle, List<Figure> figures, boolean live) {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    %s<meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>%s</title>
    <style>
    %s</style>
    </head>
    <body>
    <header>
    <h1>%s</h1>
    <p>%s</p>
    </header>
    <main>
    %s
    </main>
    </body>
    </html>
    """
        .formatted(
            live ? REFRESH : "",
            Html.escape(title),
            HtmlReport.style(),
            Html.escape(title),
            Html.escape(subtitle),
            HtmlReport.figures(figures));
  }
}
