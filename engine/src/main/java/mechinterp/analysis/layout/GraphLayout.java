package mechinterp.analysis.layout;

import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import mechinterp.random.RandomStream;

/**
 * Moves points of the plane so that those of strong edges come together and others keep away: the
 * stochastic descent of UMAP (<a href="https://arxiv.org/abs/1802.03426">McInnes, Healy and
 * Melville 2018</a>, section 4.2) on the cross-entropy of the edges' weights and
 *
 * <pre>
 *   q = 1 / (1 + a |x - y|^2b),     a = 1.577, b = 0.895 for a smallest distance of 0.1
 * </pre>
 *
 * An edge is pulled in every (largest weight / its weight)-th round, and each time both ends are
 * pushed away from 5 random points. One thread, so the same numbers each time.
 */
final class GraphLayout {
  private static final double A = 1.576943;
  private static final double B = 0.8950609;
  private static final double MOST = 4;
  private static final double AVOID_ZERO = 0.001;
  private static final int PUSHES = 5;

  private final NeighbourGraph graph;
  private final float[] x;
  private final float[] y;
  private final double[] every;
  private final double[] due;
  private final SplittableRandom random;

  /**
   * Begins a layout.
   *
   * @param x where the points are, and come to be
   * @param y the same
   */
  GraphLayout(NeighbourGraph graph, float[] x, float[] y) {
    this.graph = graph;
    this.x = x;
    this.y = y;
    this.every = new double[graph.edges()];
    this.due = new double[graph.edges()];
    this.random = new SplittableRandom(RandomStream.of(0, "analysis/layout").bits(0));
    double largest = 0;
    for (int edge = 0; edge < every.length; edge++) {
      largest = Math.max(largest, graph.weight(edge));
    }
    for (int edge = 0; edge < every.length; edge++) {
      every[edge] = largest / graph.weight(edge);
      due[edge] = every[edge];
    }
  }

  /** Does all rounds, with steps that shrink to 0. */
  void run(int rounds, IntConsumer progress) {
    for (int round = 0; round < rounds; round++) {
      double step = 1 - (double) round / rounds;
      for (int edge = 0; edge < every.length; edge++) {
        if (due[edge] <= round + 1) {
          due[edge] += every[edge];
          pull(graph.from(edge), graph.to(edge), step);
          pushAway(graph.from(edge), step);
          pushAway(graph.to(edge), step);
        }
      }
      progress.accept(round + 1);
    }
  }

  private void pull(int i, int j, double step) {
    double dx = x[i] - x[j];
    double dy = y[i] - y[j];
    double square = dx * dx + dy * dy;
    if (square == 0) {
      return;
    }
    double power = Math.pow(square, B);
    double factor = -2 * A * B * power / (square * (1 + A * power));
    double moveX = step * limited(factor * dx);
    double moveY = step * limited(factor * dy);
    x[i] += (float) moveX;
    y[i] += (float) moveY;
    x[j] -= (float) moveX;
    y[j] -= (float) moveY;
  }

  private void pushAway(int i, double step) {
    for (int n = 0; n < PUSHES; n++) {
      int j = random.nextInt(x.length);
      double dx = x[i] - x[j];
      double dy = y[i] - y[j];
      double square = dx * dx + dy * dy;
      if (square > 0) {
        double factor = 2 * B / ((AVOID_ZERO + square) * (1 + A * Math.pow(square, B)));
        x[i] += (float) (step * limited(factor * dx));
        y[i] += (float) (step * limited(factor * dy));
      }
    }
  }

  private static double limited(double move) {
    return Math.clamp(move, -MOST, MOST);
  }
}
