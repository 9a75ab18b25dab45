package mechinterp.experiments.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import mechinterp.experiments.report.FeatureCard.Context;
import mechinterp.experiments.report.FeatureCard.ContextToken;
import mechinterp.experiments.report.FeatureCard.Neighbour;
import mechinterp.experiments.report.FeatureCard.TokenCount;

/** Feature cards as HTML. */
final class FeatureHtml {
  private static final int OPEN_CONTEXTS = 5;
  private static final int SPARK_WIDTH = 200;
  private static final int SPARK_HEIGHT = 34;

  private FeatureHtml() {}

  static String card(FeatureCard feature) {
    return """
    <article class="card" id="latent-%d">
    <h3><a href="#latent-%d">Latent %d</a> %s</h3>
    <p class="facts">%s</p>
    %s%s
    %s
    %s
    %s
    </article>
    """
        .formatted(
            feature.latent(),
            feature.latent(),
            feature.latent(),
            tokens(feature.topTokens()),
            facts(feature),
            logits("promotes", feature.promoted()),
            logits("suppresses", feature.suppressed()),
            spark(feature),
            contexts(feature),
            neighbours(feature.neighbours()));
  }

  private static String tokens(List<TokenCount> tokens) {
    return tokens.stream()
        .map(token ->
            "<span class=\"chip\">%s<small>%d</small></span>"
                .formatted(Html.escape(token.token()), token.count()))
        .collect(Collectors.joining(" "));
  }

  /** The logit lens of the decoder row. */
  private static String logits(String verb, List<String> tokens) {
    if (tokens.isEmpty()) {
      return "";
    }
    return tokens.stream()
        .map(token -> "<code>" + Html.escape(token) + "</code>")
        .collect(Collectors.joining(" ", "<p class=\"logits\">" + verb + " ", "</p>"));
  }

  private static String facts(FeatureCard feature) {
    return "active on <b>%s</b> of tokens · mean <b>%s</b> · max <b>%s</b> · encoder·decoder <b>%s</b>"
        .formatted(
            percent(feature.density()),
            fixed(feature.meanActivation()),
            fixed(feature.maxActivation()),
            fixed(feature.encoderDecoderCosine()));
  }

  private static String fixed(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  /** Returns a share with two significant digits, however small: {@code 0.013 %}. */
  static String percent(double share) {
    if (share <= 0) {
      return "0 %";
    }
    int digits = (int) Math.max(0, 1 - Math.floor(Math.log10(100 * share)));
    return Html.number(100 * share, digits) + " %";
  }

  private static String spark(FeatureCard feature) {
    List<Long> counts = feature.histogram();
    double highest = counts.stream().mapToDouble(FeatureHtml::barHeight).max().orElse(0);
    if (highest == 0) {
      return "";
    }
    double width = (double) SPARK_WIDTH / counts.size();
    StringBuilder bars = new StringBuilder();
    for (int i = 0; i < counts.size(); i++) {
      double height = SPARK_HEIGHT * barHeight(counts.get(i)) / highest;
      bars.append(
          "<rect class=\"bar\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>"
              .formatted(
                  Plot.format(i * width + 0.5),
                  Plot.format(SPARK_HEIGHT - height),
                  Plot.format(width - 1),
                  Plot.format(height)));
    }
    return """
    <figure class="spark"><svg viewBox="0 0 %d %d" preserveAspectRatio="none" role="img" aria-label="%s">%s</svg>
    <figcaption>activations %s; heights are log</figcaption></figure>
    """
        .formatted(
            SPARK_WIDTH,
            SPARK_HEIGHT,
            "histogram of the activations",
            bars,
            Html.escape(feature.histogramRange()));
  }

  private static double barHeight(long count) {
    return Math.log10(1 + (double) count);
  }

  private static String contexts(FeatureCard feature) {
    List<Context> all = feature.contexts();
    int open = Math.min(OPEN_CONTEXTS, all.size());
    String rest =
        all.size() == open
            ? ""
            : "<details><summary>%d more</summary>%s</details>"
                .formatted(all.size() - open, list(feature, all.subList(open, all.size())));
    return list(feature, all.subList(0, open)) + rest;
  }

  private static String list(FeatureCard feature, List<Context> contexts) {
    return contexts.stream()
        .map(context -> context(feature, context))
        .collect(Collectors.joining("\n", "<ol class=\"contexts\">\n", "\n</ol>"));
  }

  private static String context(FeatureCard feature, Context context) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < context.tokens().size(); i++) {
      ContextToken token = context.tokens().get(i);
      if (token.spaceBefore() && i > 0) {
        text.append(' ');
      }
      text.append(token(token, i == context.peak(), feature.maxActivation()));
    }
    double peak = context.tokens().get(context.peak()).activation();
    return "<li title=\"%s\"><span class=\"value\">%s</span> <span class=\"text\">%s</span></li>"
        .formatted(Html.escape(context.source()), fixed(peak), text);
  }

  private static String token(ContextToken token, boolean peak, double max) {
    String text = Html.escape(token.text());
    if (token.activation() <= 0) {
      return text;
    }
    double strength = Math.min(1, token.activation() / max);
    return String.format(
        Locale.ROOT,
        "<mark%s style=\"--s:%.2f\" title=\"%s\">%s</mark>",
        peak ? " class=\"peak\"" : "",
        strength,
        Html.number(token.activation(), 3),
        text);
  }

  private static String neighbours(List<Neighbour> neighbours) {
    if (neighbours.isEmpty()) {
      return "";
    }
    return neighbours.stream()
        .map(neighbour ->
            "<span class=\"near\">%d%s <small>%s</small></span>"
                .formatted(
                    neighbour.latent(),
                    neighbour.token().isEmpty() ? "" : " “" + Html.escape(neighbour.token()) + "”",
                    fixed(neighbour.cosine())))
        .collect(Collectors.joining(" ", "<p class=\"nears\">nearest decoder rows: ", "</p>"));
  }
}
