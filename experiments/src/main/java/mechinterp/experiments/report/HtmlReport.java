package mechinterp.experiments.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A report as one HTML page that needs nothing else: style and figures are inside, no scripts. */
public final class HtmlReport {
  private HtmlReport() {}

  /** Returns the page. */
  public static String page(Report report) {
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>%s</title>
    <style>
    %s</style>
    </head>
    <body>
    <header>
    <h1>%s</h1>
    <p>%s</p>
    <nav>%s</nav>
    </header>
    <main>
    <section class="tiles" aria-label="Key figures">
    %s
    </section>
    %s
    </main>
    </body>
    </html>
    """
        .formatted(
            Html.escape(report.title()),
            style(),
            Html.escape(report.title()),
            Html.escape(report.subtitle()),
            navigation(),
            each(report.tiles(), HtmlReport::tile),
            sections(report));
  }

  private static String navigation() {
    return "<a href=\"#curves\">Curves</a> <a href=\"#features\">Features</a>"
        + " <a href=\"#metrics\">Metrics</a> <a href=\"#settings\">Settings</a>";
  }

  private static String sections(Report report) {
    return section("curves", "Training and density", "", figures(report.figures()))
        + section("features", "Features", report.featuresNote(), features(report.features()))
        + section("metrics", "Metrics", "", metrics(report.metrics()))
        + section("settings", "Settings", "", settings(report.settings()));
  }

  private static String section(String id, String heading, String note, String content) {
    return """
    <section id="%s">
    <h2>%s</h2>
    %s%s
    </section>
    """
        .formatted(
            id,
            Html.escape(heading),
            note.isEmpty() ? "" : "<p class=\"note\">" + Html.escape(note) + "</p>\n",
            content);
  }

  private static String tile(Report.Tile tile) {
    return "<div class=\"tile\"><span class=\"name\">%s</span><b>%s</b><span class=\"note\">%s</span></div>"
        .formatted(Html.escape(tile.label()), Html.escape(tile.value()), Html.escape(tile.note()));
  }

  /** Returns figures side by side. */
  public static String figures(List<Figure> figures) {
    return "<div class=\"figures\">" + each(figures, HtmlReport::figure) + "</div>";
  }

  private static String figure(Figure figure) {
    return "<figure><figcaption><b>%s</b> %s</figcaption>\n%s</figure>"
        .formatted(Html.escape(figure.title()), Html.escape(figure.explanation()), figure.svg());
  }

  private static String features(List<FeatureCard> features) {
    return features.isEmpty()
        ? "<p>No latent was active.</p>"
        : "<div class=\"cards\">" + each(features, FeatureHtml::card) + "</div>";
  }

  private static String metrics(List<Report.Metric> metrics) {
    return """
    <div class="scroll"><table>
    <thead><tr><th scope="col">metric</th><th scope="col">value</th><th scope="col">definition</th></tr></thead>
    <tbody>
    %s
    </tbody></table></div>
    """
        .formatted(each(metrics, HtmlReport::metric));
  }

  private static String metric(Report.Metric metric) {
    return "<tr><th scope=\"row\"><code>%s</code></th><td class=\"number\">%s</td><td>%s</td></tr>"
        .formatted(
            Html.escape(metric.name()),
            Html.escape(metric.value()),
            Html.escape(metric.definition()));
  }

  private static String settings(List<Report.Settings> groups) {
    return "<div class=\"groups\">" + each(groups, HtmlReport::group) + "</div>";
  }

  private static String group(Report.Settings group) {
    return """
    <div class="group"><h3>%s</h3><dl>
    %s
    </dl></div>
    """
        .formatted(
            Html.escape(group.group()),
            each(
                group.settings(),
                setting ->
                    "<dt>%s</dt><dd>%s</dd>"
                        .formatted(Html.escape(setting.name()), Html.escape(setting.value()))));
  }

  private static <T> String each(List<T> items, Function<T, String> toHtml) {
    return items.stream().map(toHtml).collect(Collectors.joining("\n"));
  }

  /** Returns the style of all pages. */
  public static String style() {
    try (InputStream css =
        Objects.requireNonNull(
            HtmlReport.class.getResourceAsStream("report.css"), "resource report.css")) {
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("resource report.css cannot be read", e);
    }
  }
}
