package mechinterp.analysis.rule;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * A partition of the tokens: by the longest known pattern that ends at a token, the last part
 * without any. Of each part how many tokens it has in a half, and on how many the latent fires; the
 * latter is scaled up from the sample.
 */
final class Leaves {
  private final double[] tokens;
  private final double[] active;

  Leaves(double[] tokens, double[] active) {
    this.tokens = tokens;
    this.active = active;
  }

  /** Returns active / (tokens + 1) of each part, and 0 of that without a pattern. */
  double[] scores() {
    double[] scores = new double[tokens.length];
    for (int leaf = 0; leaf < scores.length - 1; leaf++) {
      scores[leaf] = active[leaf] / (tokens[leaf] + 1);
    }
    return scores;
  }

  double precision(int leaf) {
    return tokens[leaf] == 0 ? 0 : Math.min(1, active[leaf] / tokens[leaf]);
  }

  /**
   * Returns which parts to fire on for the largest F1: of those with a pattern, by falling score.
   */
  boolean[] best(double[] scores) {
    int[] order = order(scores);
    double all = Arrays.stream(active).sum();
    double hits = 0;
    double fired = 0;
    double largest = 0;
    int taken = 0;
    for (int i = 0; i < order.length; i++) {
      hits += active[order[i]];
      fired += tokens[order[i]];
      double f1 = 2 * hits / (fired + all);
      if (scores[order[i]] > 0 && f1 > largest) {
        largest = f1;
        taken = i + 1;
      }
    }
    boolean[] fires = new boolean[scores.length];
    for (int i = 0; i < taken; i++) {
      fires[order[i]] = true;
    }
    return fires;
  }

  private static int[] order(double[] scores) {
    return IntStream.range(0, scores.length - 1)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer leaf) -> -scores[leaf]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Returns how well scores and a choice of parts do here. */
  DetectionScore score(double[] scores, boolean[] fires, long activeTokens) {
    double all = Arrays.stream(active).sum();
    double hits = 0;
    double fired = 0;
    for (int leaf = 0; leaf < fires.length; leaf++) {
      hits += fires[leaf] ? active[leaf] : 0;
      fired += fires[leaf] ? tokens[leaf] : 0;
    }
    double precision = fired == 0 ? 0 : Math.min(1, hits / fired);
    double recall = hits / all;
    double f1 = hits == 0 ? 0 : 2 * precision * recall / (precision + recall);
    return new DetectionScore(areaUnderCurve(scores), precision, recall, f1, activeTokens);
  }

  private double areaUnderCurve(double[] scores) {
    int[] rising =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer leaf) -> scores[leaf]))
            .mapToInt(Integer::intValue)
            .toArray();
    double area = 0;
    double below = 0;
    double positives = 0;
    for (int from = 0; from < rising.length; ) {
      double equalActive = 0;
      double equalOthers = 0;
      int to = from;
      for (; to < rising.length && scores[rising[to]] == scores[rising[from]]; to++) {
        equalActive += active[rising[to]];
        equalOthers += Math.max(0, tokens[rising[to]] - active[rising[to]]);
      }
      area += equalActive * (below + equalOthers / 2);
      below += equalOthers;
      positives += equalActive;
      from = to;
    }
    return positives * below == 0 ? 0.5 : area / (positives * below);
  }
}
