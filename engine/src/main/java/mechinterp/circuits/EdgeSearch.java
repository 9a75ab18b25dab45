package mechinterp.circuits;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * A circuit by trying (ACDC): from the logits back to the embedding, each edge is removed for good
 * when the mean metric changes by less than a threshold,
 *
 * <pre>
 *   KL divergence       metric(without the edge) - metric(before) &lt; threshold
 *   logit difference    |metric(without the edge) - metric(before)| &lt; threshold
 * </pre>
 *
 * A run for each edge, one after the other. Source: Conmy et al. 2023 (arXiv:2304.14997).
 */
public final class EdgeSearch {
  private final MaskedModel model;
  private final double threshold;

  /**
   * Begins.
   *
   * @param threshold in the unit of the metric
   * @throws IllegalArgumentException when it is not a positive number
   */
  public EdgeSearch(MaskedModel model, double threshold) {
    if (!(threshold > 0)) {
      throw new IllegalArgumentException(
          "threshold: is %s; it must be above 0".formatted(threshold));
    }
    this.model = model;
    this.threshold = threshold;
  }

  /**
   * What was found.
   *
   * @param effects how the metric changed when each edge was tried
   * @param kept the circuit
   */
  public record Found(Effects<CircuitEdge> effects, Set<CircuitEdge> kept) {
    /** Keeps the order of the edges. */
    public Found {
      kept = new LinkedHashSet<>(kept);
    }
  }

  /**
   * Tries all edges.
   *
   * @param progress is told the number of edges so far
   */
  public Found search(LongConsumer progress) {
    List<CircuitEdge> edges = model.graph().edges();
    double[][] effects = new double[edges.size()][];
    Set<CircuitEdge> removed = new LinkedHashSet<>();
    double[] before = model.metric(removed);
    for (int item = edges.size() - 1; item >= 0; item--) {
      removed.add(edges.get(item));
      double[] after = model.metric(removed);
      effects[item] = changes(before, after);
      if (isSmall(Arrays.stream(effects[item]).average().orElseThrow())) {
        before = after;
      } else {
        removed.remove(edges.get(item));
      }
      progress.accept(edges.size() - item);
    }
    Set<CircuitEdge> kept = new LinkedHashSet<>(edges);
    kept.removeAll(removed);
    return new Found(new Effects<>(edges, effects, model.baseline()), kept);
  }

  private boolean isSmall(double change) {
    return switch (model.metric()) {
      case KL_DIVERGENCE -> change < threshold;
      case LOGIT_DIFFERENCE -> Math.abs(change) < threshold;
    };
  }

  private static double[] changes(double[] before, double[] after) {
    double[] changes = new double[after.length];
    Arrays.setAll(changes, i -> after[i] - before[i]);
    return changes;
  }
}
