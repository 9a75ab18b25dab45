package mechinterp.experiments.report;

import java.util.List;

/**
 * What a report shows, in its order.
 *
 * @param title its heading
 * @param subtitle what was done, one or two sentences
 * @param tiles the numbers to see first
 * @param settings how it was done, in groups
 * @param figures curves and histograms
 * @param metrics every metric with its definition
 * @param features latents to look at
 * @param featuresNote how they were chosen
 */
public record Report(
    String title,
    String subtitle,
    List<Tile> tiles,
    List<Settings> settings,
    List<Figure> figures,
    List<Metric> metrics,
    List<FeatureCard> features,
    String featuresNote) {

  /** Keeps the lists. */
  public Report {
    tiles = List.copyOf(tiles);
    settings = List.copyOf(settings);
    figures = List.copyOf(figures);
    metrics = List.copyOf(metrics);
    features = List.copyOf(features);
  }

  /**
   * A number to see first.
   *
   * @param label what it is
   * @param value the number as text
   * @param note what it means or what to compare it with
   */
  public record Tile(String label, String value, String note) {}

  /** A group of settings. */
  public record Settings(String group, List<Setting> settings) {
    /** Keeps the list. */
    public Settings {
      settings = List.copyOf(settings);
    }
  }

  /** One setting. */
  public record Setting(String name, String value) {}

  /**
   * One metric.
   *
   * @param name its name as files spell it
   * @param value the number as text
   * @param definition how it is computed
   */
  public record Metric(String name, String value, String definition) {}
}
