package mechinterp.analysis.layout;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mechinterp.analysis.Neighbour;

/**
 * How strongly latents belong together: the fuzzy graph of <a
 * href="https://arxiv.org/abs/1802.03426">McInnes, Healy and Melville 2018</a>, section 3.1. With
 * the distances d = 1 - cosine of latent i's k nearest ones, rho the smallest, and sigma so that
 *
 * <pre>
 *   sum over j of exp(-max(0, d_ij - rho_i) / sigma_i) = log2 k
 *   w_ij = a + b - a b     with a, b the terms of that sum from i to j and from j to i
 * </pre>
 */
final class NeighbourGraph {
  private static final int BISECTIONS = 64;
  private static final double SMALLEST_SIGMA = 1e-9;

  private final int[] from;
  private final int[] to;
  private final float[] weights;

  private NeighbourGraph(int[] from, int[] to, float[] weights) {
    this.from = from;
    this.to = to;
    this.weights = weights;
  }

  /**
   * Returns the graph.
   *
   * @param nearest of each latent the nearest others, the nearest first
   */
  static NeighbourGraph of(List<List<Neighbour>> nearest) {
    TreeMap<Long, Double> edges = new TreeMap<>();
    for (int i = 0; i < nearest.size(); i++) {
      double[] memberships = memberships(nearest.get(i));
      for (int n = 0; n < memberships.length; n++) {
        int j = nearest.get(i).get(n).latent();
        edges.merge(
            ((long) Math.min(i, j) << Integer.SIZE) | Math.max(i, j),
            memberships[n],
            (a, b) -> a + b - a * b);
      }
    }
    return ofEdges(edges);
  }

  private static NeighbourGraph ofEdges(Map<Long, Double> edges) {
    int[] from = new int[edges.size()];
    int[] to = new int[edges.size()];
    float[] weights = new float[edges.size()];
    int edge = 0;
    for (Map.Entry<Long, Double> entry : edges.entrySet()) {
      from[edge] = (int) (entry.getKey() >>> Integer.SIZE);
      to[edge] = entry.getKey().intValue();
      weights[edge++] = entry.getValue().floatValue();
    }
    return new NeighbourGraph(from, to, weights);
  }

  /** Returns exp(-max(0, d - rho) / sigma) for each of a latent's neighbours. */
  static double[] memberships(List<Neighbour> nearest) {
    double[] beyond = new double[nearest.size()];
    for (int n = 0; n < beyond.length; n++) {
      beyond[n] = Math.max(0, (double) nearest.getFirst().cosine() - nearest.get(n).cosine());
    }
    double sigma = sigma(beyond);
    for (int n = 0; n < beyond.length; n++) {
      beyond[n] = Math.exp(-beyond[n] / sigma);
    }
    return beyond;
  }

  private static double sigma(double[] beyond) {
    double wanted = Math.log(Math.max(2, beyond.length)) / Math.log(2);
    double low = SMALLEST_SIGMA;
    double high = 2;
    while (sum(beyond, high) < wanted && high < 1 / SMALLEST_SIGMA) {
      high *= 2;
    }
    for (int i = 0; i < BISECTIONS; i++) {
      double middle = (low + high) / 2;
      if (sum(beyond, middle) < wanted) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  private static double sum(double[] beyond, double sigma) {
    double sum = 0;
    for (double distance : beyond) {
      sum += Math.exp(-distance / sigma);
    }
    return sum;
  }

  int edges() {
    return from.length;
  }

  int from(int edge) {
    return from[edge];
  }

  int to(int edge) {
    return to[edge];
  }

  float weight(int edge) {
    return weights[edge];
  }
}
