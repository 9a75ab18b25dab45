package mechinterp.experiments.megabench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mechinterp.experiments.report.Figure;
import mechinterp.experiments.report.FrontChart;
import mechinterp.experiments.report.Html;
import mechinterp.experiments.report.HtmlReport;
import mechinterp.megabench.Metric;
import mechinterp.megabench.MetricValue;
import mechinterp.megabench.NoiseFloor;
import mechinterp.megabench.Ranking;

/** The report as one HTML page that needs nothing else. */
final class BenchPage {
  /** Columns of the leaderboard; all metrics stand on each autoencoder's own part. */
  private static final List<Metric> COLUMNS =
      List.of(
          Metric.FVU,
          Metric.L0,
          Metric.CE_RISE,
          Metric.LOSS_RECOVERED_FROM_MEAN,
          Metric.F1,
          Metric.MATCHED_COSINE,
          Metric.ABSORPTION,
          Metric.TOKEN_F1,
          Metric.PREVIOUS_TOKEN_F1,
          Metric.PROBE_1,
          Metric.PROBE_5,
          Metric.NGRAM_RULE_AUC,
          Metric.SEED_COSINE,
          Metric.NEAREST_COSINE,
          Metric.DEAD_FRACTION,
          Metric.TRAIN_SECONDS,
          Metric.ENCODE_P50);

  private final List<Setting> settings;
  private final BenchResults results;
  private final List<String> kinds;

  private BenchPage(BenchResults results) {
    this.results = results;
    this.settings = results.settings();
    this.kinds =
        List.copyOf(
            results.groups().stream()
                .map(BenchResults.Group::name)
                .collect(Collectors.toCollection(TreeSet::new)));
  }

  /** Returns the page. */
  static String of(BenchResults results) {
    return new BenchPage(results).page();
  }

  private String page() {
    return resource("report.html")
        .replace("@STYLE@", HtmlReport.style() + resource("report.css"))
        .replace("@SCRIPT@", resource("report.js"))
        .replace("@SUBTITLE@", Html.escape(subtitle()))
        .replace("@NOTES@", notes())
        .replace("@LEADERBOARD@", leaderboard())
        .replace("@FRONTS@", fronts())
        .replace("@NOISE@", each(settings, this::noise))
        .replace("@RANKINGS@", each(settings, this::rankings))
        .replace("@DETAILS@", each(results.groups(), this::detail))
        .replace("@DEFINITIONS@", each(List.of(Metric.values()), BenchPage::definition));
  }

  private static String resource(String name) {
    try (InputStream in =
        Objects.requireNonNull(BenchPage.class.getResourceAsStream(name), "resource " + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("resource " + name + " cannot be read", e);
    }
  }

  private String subtitle() {
    return "%d autoencoders and baselines in %d settings, definitions version %d. Intervals are 95 %% by a bootstrap over seeds and over what a metric is a mean of; with two or three seeds they are too narrow."
        .formatted(results.cells().size(), settings.size(), Metric.VERSION);
  }

  private String notes() {
    return each(
        results.notes(),
        note -> "<p class=\"note warning\">Not in the tables: " + Html.escape(note) + "</p>");
  }

  private List<Metric> columns() {
    return COLUMNS.stream()
        .filter(metric -> settings.stream().anyMatch(setting -> setting.metrics().contains(metric)))
        .toList();
  }

  private String leaderboard() {
    List<Metric> columns = columns();
    StringBuilder rows = new StringBuilder();
    for (Setting setting : settings) {
      for (BenchResults.Group group : setting.groups()) {
        rows.append(row(setting, group, columns));
      }
    }
    return """
    <div class="filters">%s</div>
    <div class="scroll"><table id="leaderboard">
    <thead><tr>%s%s</tr></thead>
    <tbody>
    %s</tbody></table></div>
    """
        .formatted(
            filter("model", settings.stream().map(Setting::model).distinct().toList())
                + filter("latents", settings.stream().map(s -> "" + s.dSae()).distinct().toList())
                + filter("k", settings.stream().map(s -> "" + s.k()).distinct().toList()),
            each(List.of("kind", "model", "k", "seeds"), BenchPage::plainHead),
            each(columns, BenchPage::head),
            rows);
  }

  private static String filter(String name, List<String> values) {
    return "<label>%s <select data-filter=\"%s\"><option value=\"\">all</option>%s</select></label>"
        .formatted(
            name, name, each(values, value -> "<option>%s</option>".formatted(Html.escape(value))));
  }

  private static String plainHead(String name) {
    return "<th scope=\"col\" aria-sort=\"none\"><button class=\"sort\">%s</button></th>"
        .formatted(name);
  }

  private static String head(Metric metric) {
    String arrow =
        switch (metric.direction()) {
          case HIGHER -> "↑";
          case LOWER -> "↓";
          case NEITHER -> "";
        };
    return "<th scope=\"col\" aria-sort=\"none\"><button class=\"sort\">%s&nbsp;%s</button>%s</th>"
        .formatted(metric.field().replace("_", "_<wbr>"), arrow, question(metric));
  }

  private static String question(Metric metric) {
    return " <button class=\"what\" popovertarget=\"def-%s\" aria-label=\"definition of %s\">?</button>"
        .formatted(metric.field(), metric.field());
  }

  private String row(Setting setting, BenchResults.Group group, List<Metric> columns) {
    CellRecord cell = group.cell();
    String style =
        " class=\"%s%s\""
            .formatted(
                cell.isBaseline() ? "baseline" : "trained",
                group.equals(setting.groups().getFirst()) ? " first" : "");
    return "<tr%s data-model=\"%s\" data-latents=\"%d\" data-k=\"%d\"><th scope=\"row\">%s<a href=\"#%s\">%s</a></th><td>%s<br><small>%s</small></td><td class=\"number\">%d</td><td class=\"number\">%d</td>%s</tr>\n"
        .formatted(
            style,
            Html.escape(setting.model()),
            setting.dSae(),
            setting.k(),
            FrontChart.legendMark(kinds.indexOf(group.name())),
            id(cell),
            Html.escape(group.name()),
            Html.escape(setting.model()),
            Html.escape("%s, %d latents".formatted(setting.hook(), cell.dSae())),
            setting.k(),
            group.seeds().size(),
            each(columns, metric -> value(setting, group, metric)));
  }

  private static String value(Setting setting, BenchResults.Group group, Metric metric) {
    Optional<MetricValue> value = group.value(metric);
    if (value.isEmpty()) {
      return "<td class=\"number\" data-value=\"\">–</td>";
    }
    boolean tells = setting.verdict(metric).tellsKindsApart();
    return "<td class=\"number%s%s\" data-value=\"%s\">%s</td>"
        .formatted(
            tells ? "" : " untold",
            isBest(setting, group, metric) ? " best" : "",
            value.get().value(),
            shown(value.get()));
  }

  private static boolean isBest(Setting setting, BenchResults.Group group, Metric metric) {
    return setting
        .verdict(metric)
        .ranking()
        .map(ranking ->
            ranking.names().stream()
                .filter(name -> Baseline.of(name).isEmpty())
                .findFirst()
                .map(name -> name.equals(group.name()))
                .orElse(false))
        .orElse(false);
  }

  private static String shown(MetricValue value) {
    double half = (value.high() - value.low()) / 2;
    return half == 0
        ? BenchTables.number(value.value())
        : "%s<br><small>±%s</small>"
            .formatted(BenchTables.number(value.value()), BenchTables.number(half));
  }

  private String fronts() {
    Map<String, List<BenchResults.Group>> byModel = new LinkedHashMap<>();
    for (BenchResults.Group group : results.groups()) {
      byModel
          .computeIfAbsent(
              group.cell().model() + ", " + group.cell().hook(), _ -> new ArrayList<>())
          .add(group);
    }
    String legend =
        IntStream.range(0, kinds.size())
            .mapToObj(i ->
                "<span>%s%s</span>".formatted(FrontChart.legendMark(i), Html.escape(kinds.get(i))))
            .collect(Collectors.joining(" "));
    List<Figure> charts = new ArrayList<>();
    byModel.forEach((model, groups) -> charts.addAll(Fronts.of(model, groups, kinds)));
    return "<p class=\"legend\">" + legend + "</p>" + HtmlReport.figures(charts);
  }

  private String noise(Setting setting) {
    String rows =
        each(
            setting.metrics(),
            metric ->
                setting.verdict(metric).noise().map(floor -> noiseRow(metric, floor)).orElse(""));
    return rows.isBlank()
        ? "<details><summary>%s</summary><p class=\"note\">Not known: two kinds with two seeds each are needed.</p></details>"
            .formatted(Html.escape(setting.title()))
        : """
        <details><summary>%s</summary><div class="scroll"><table>
        <thead><tr><th>metric</th><th class="number">between seeds</th><th class="number">other texts or latents</th><th class="number">smallest visible difference</th><th class="number">discriminability F</th><th>tells kinds apart</th></tr></thead>
        <tbody>%s</tbody></table></div></details>
        """
            .formatted(Html.escape(setting.title()), rows);
  }

  private static String noiseRow(Metric metric, NoiseFloor floor) {
    return "<tr%s><th scope=\"row\"><code>%s</code>%s</th><td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td>%s</td></tr>\n"
        .formatted(
            floor.tellsKindsApart() ? "" : " class=\"untold\"",
            metric.field(),
            question(metric),
            BenchTables.number(floor.reseeding()),
            metric.unit() == Metric.Unit.RUN ? "–" : BenchTables.number(floor.documents()),
            BenchTables.number(floor.smallestDifference()),
            Double.isFinite(floor.discriminability())
                ? BenchTables.number(floor.discriminability())
                : "no noise",
            floor.tellsKindsApart() ? "yes" : "no: not ranked by it");
  }

  private String rankings(Setting setting) {
    String rows =
        each(
            setting.metrics(),
            metric ->
                setting
                    .verdict(metric)
                    .ranking()
                    .map(ranking -> rankingRow(metric, ranking))
                    .orElse(""));
    return "<details><summary>%s</summary>%s</details>"
        .formatted(
            Html.escape(setting.title()),
            rows.isBlank()
                ? "<p class=\"note\">No metric tells kinds apart here.</p>"
                : "<div class=\"scroll\"><table><tbody>" + rows + "</tbody></table></div>");
  }

  private static String rankingRow(Metric metric, Ranking ranking) {
    StringBuilder order =
        new StringBuilder("<b>" + Html.escape(ranking.names().getFirst()) + "</b>");
    for (int i = 1; i < ranking.names().size(); i++) {
      order.append(
          String.format(
              Locale.ROOT,
              " <span class=\"beats\">%.0f&nbsp;%%</span> %s",
              100 * ranking.beats().get(i - 1).get(i),
              Html.escape(ranking.names().get(i))));
    }
    return "<tr><th scope=\"row\"><code>%s</code>%s</th><td>%s</td></tr>\n"
        .formatted(metric.field(), question(metric), order);
  }

  private static String id(CellRecord cell) {
    return "sae-"
        + BenchCell.hash(List.of(cell.model(), cell.hook(), cell.kind(), cell.dSae(), cell.k()));
  }

  private String detail(BenchResults.Group group) {
    CellRecord cell = group.cell();
    String rows =
        each(List.copyOf(group.measurements().keySet()), metric -> detailRow(group, metric));
    return """
    <details id="%s"><summary>%s%s <small>%s</small></summary>
    <div class="scroll"><table>
    <thead><tr><th>metric</th><th class="number">value</th><th class="number">95 %% interval</th><th>each seed</th></tr></thead>
    <tbody>%s</tbody></table></div></details>
    """
        .formatted(
            id(cell),
            FrontChart.legendMark(kinds.indexOf(group.name())),
            Html.escape(group.name()),
            Html.escape(
                "%s, %s, %d latents, k %d, seeds %s"
                    .formatted(cell.model(), cell.hook(), cell.dSae(), cell.k(), group.seeds())),
            rows);
  }

  private static String detailRow(BenchResults.Group group, Metric metric) {
    MetricValue value = group.value(metric).orElseThrow();
    double[] seeds = Objects.requireNonNull(group.measurements().get(metric)).bySeed();
    return "<tr><th scope=\"row\"><code>%s</code>%s</th><td class=\"number\">%s</td><td class=\"number\">%s to %s</td><td>%s</td></tr>\n"
        .formatted(
            metric.field(),
            question(metric),
            BenchTables.number(value.value()),
            BenchTables.number(value.low()),
            BenchTables.number(value.high()),
            Arrays.stream(seeds).mapToObj(BenchTables::number).collect(Collectors.joining(", ")));
  }

  private static String definition(Metric metric) {
    return "<div popover id=\"def-%s\"><b>%s</b> %s<br><small>%s; interval over seeds%s</small></div>"
        .formatted(
            metric.field(),
            metric.field(),
            Html.escape(metric.definition()),
            switch (metric.direction()) {
              case HIGHER -> "higher is better";
              case LOWER -> "lower is better";
              case NEITHER -> "a setting or a fact, nothing is ranked by it";
            },
            switch (metric.unit()) {
              case DOCUMENTS -> " and documents";
              case LATENTS -> " and latents";
              case LABELS -> " and labels";
              case ENTRIES -> " and texts";
              case RUN -> "";
            });
  }

  private static <T> String each(List<T> items, Function<T, String> toHtml) {
    return items.stream().map(toHtml).collect(Collectors.joining());
  }
}
