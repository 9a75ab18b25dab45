package mechinterp.experiments.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import mechinterp.experiments.report.FeatureCard.Context;
import mechinterp.experiments.report.FeatureCard.ContextToken;
import mechinterp.experiments.report.FeatureCard.Neighbour;
import mechinterp.experiments.report.FeatureCard.TokenCount;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static final String HOSTILE = "</style><script>alert(\"&'\")</script>";

  @Test
  void thePageIsWellFormedAndNeedsNothingFromElsewhere() throws Exception {
    String page = HtmlReport.page(report("plain"));
    parse(page);
    for (String outside :
        List.of("http:", "https:", "src=", "@import", "url(", "<script", "<link")) {
      assertFalse(page.contains(outside), outside);
    }
  }

  @Test
  void textFromOutsideStaysText() throws Exception {
    String page = HtmlReport.page(report(HOSTILE));
    assertFalse(page.contains("<script"));
    assertEquals(HOSTILE, parse(page).getElementsByTagName("h1").item(0).getTextContent());
  }

  @Test
  void activeTokensAreMarkedByTheirShareOfTheMaximum() throws Exception {
    NodeList marks = parse(HtmlReport.page(report("fish"))).getElementsByTagName("mark");
    assertEquals(2, marks.getLength(), "the token with activation 0 is not marked");
    assertEquals("--s:0.50", attribute(marks, 0, "style"));
    assertEquals("--s:1.00", attribute(marks, 1, "style"));
    assertEquals("peak", attribute(marks, 1, "class"));
  }

  @Test
  void wordPiecesAreJoined() throws Exception {
    Document page = parse(HtmlReport.page(report("fish")));
    assertTrue(page.getDocumentElement().getTextContent().contains("the fisheries"));
  }

  @Test
  void aReportWithoutFeaturesSaysSo() throws Exception {
    Report empty = new Report("t", "s", List.of(), List.of(), List.of(), List.of(), List.of(), "");
    assertTrue(
        parse(HtmlReport.page(empty)).getDocumentElement().getTextContent().contains("No latent"));
  }

  @Test
  void chartsWithNothingToShowAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new LineChart("FVU", "", "x", "y", List.of(), Optional.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new BarChart("density", "", "x", "y", 0, 1, List.of()));
  }

  @Test
  void aLongCurveIsThinnedToMeans() {
    List<LineChart.Point> points =
        IntStream.range(0, 100_000).mapToObj(i -> new LineChart.Point(i, i % 2)).toList();
    String svg = new LineChart("t", "", "x", "y", points, Optional.empty()).svg();
    assertTrue(svg.length() < 20_000, "length " + svg.length());
  }

  @Test
  void sharesKeepTwoSignificantDigits() {
    assertEquals("0.0013 %", FeatureHtml.percent(0.000013));
    assertEquals("12 %", FeatureHtml.percent(0.123));
    assertEquals("0 %", FeatureHtml.percent(0));
  }

  private static Report report(String text) {
    Context context =
        new Context(
            List.of(
                new ContextToken("the", false, 0),
                new ContextToken(text, true, 2),
                new ContextToken("eries", false, 4)),
            2,
            text);
    FeatureCard feature =
        new FeatureCard(
            7,
            3,
            0.001,
            1,
            4,
            0.5,
            List.of(new TokenCount(text, 3)),
            List.of(text),
            List.of(text),
            List.of(new Neighbour(8, 0.5, text)),
            List.of(4L, 2L, 0L),
            text,
            List.of(context),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of());
    return new Report(
        text,
        text,
        List.of(new Report.Tile(text, text, text)),
        List.of(new Report.Settings(text, List.of(new Report.Setting(text, text)))),
        List.of(
            new LineChart(
                text,
                text,
                text,
                text,
                List.of(new LineChart.Point(0, 1)),
                Optional.of(new LineChart.Level(text, 2))),
            new BarChart(text, text, text, text, -1, 0.5, List.of(3L, 0L))),
        List.of(new Report.Metric(text, text, text)),
        List.of(feature),
        text);
  }

  private static String attribute(NodeList nodes, int i, String name) {
    return nodes.item(i).getAttributes().getNamedItem(name).getTextContent();
  }

  private static Document parse(String page) throws Exception {
    return DocumentBuilderFactory.newDefaultInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(page)));
  }
}
