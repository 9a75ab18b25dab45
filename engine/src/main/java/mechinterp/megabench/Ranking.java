package mechinterp.megabench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Kinds ordered by a metric, with how sure each order is.
 *
 * @param names the best first
 * @param beats {@code beats.get(i).get(j)}: share of paired bootstrap draws in which kind i is
 *     better than kind j, draws in which they are equal counted by half
 */
public record Ranking(List<String> names, List<List<Double>> beats) {
  private static final double TIE = 0.5;

  /** Copies the lists. */
  public Ranking {
    names = List.copyOf(names);
    beats = beats.stream().map(List::copyOf).toList();
  }

  /**
   * Ranks kinds.
   *
   * @param kinds by name, of the same seeds and documents
   * @throws IllegalArgumentException when the metric has no better direction, or seeds or documents
   *     differ in number
   */
  public static Ranking of(Metric metric, Map<String, Measurement> kinds, int draws, long seed) {
    long budgets =
        kinds.values().stream()
            .map(kind -> List.of(kind.seeds().size(), kind.documents()))
            .distinct()
            .count();
    if (budgets != 1) {
      throw new IllegalArgumentException(
          "ranking by %s: %d kinds of %d different numbers of seeds and documents; they must be the same"
              .formatted(metric.field(), kinds.size(), budgets));
    }
    Map<String, Double> values = new LinkedHashMap<>();
    kinds.forEach((name, kind) -> values.put(name, kind.value()));
    Comparator<Map.Entry<String, Double>> order =
        (a, b) ->
            metric.isBetter(a.getValue(), b.getValue())
                ? -1
                : metric.isBetter(b.getValue(), a.getValue()) ? 1 : 0;
    List<String> names =
        values.entrySet().stream()
            .sorted(order.thenComparing(Map.Entry.comparingByKey()))
            .map(Map.Entry::getKey)
            .toList();
    Map<String, double[]> drawn = new LinkedHashMap<>();
    kinds.forEach((name, kind) -> drawn.put(name, kind.draws(draws, seed)));
    List<List<Double>> beats = new ArrayList<>();
    for (String one : names) {
      List<Double> row = new ArrayList<>();
      for (String other : names) {
        row.add(
            share(
                metric,
                drawn.getOrDefault(one, new double[0]),
                drawn.getOrDefault(other, new double[0])));
      }
      beats.add(row);
    }
    return new Ranking(names, beats);
  }

  private static double share(Metric metric, double[] one, double[] other) {
    double better = 0;
    for (int i = 0; i < one.length; i++) {
      better += metric.isBetter(one[i], other[i]) ? 1 : metric.isBetter(other[i], one[i]) ? 0 : TIE;
    }
    return better / one.length;
  }
}
