package mechinterp.model;

import java.util.Arrays;

/**
 * How a token is drawn from logits: from softmax(logits / temperature), of which only the {@code
 * topK} likeliest tokens are left (Fan et al. 2018), and of these the likeliest whose probabilities
 * together reach {@code topP} (Holtzman et al. 2020).
 *
 * @param temperature 0 for the likeliest token, always
 * @param topK at least 1; {@link Integer#MAX_VALUE} for all
 * @param topP above 0; 1 for all
 */
public record Sampling(double temperature, int topK, double topP) {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException when one is not possible
   */
  public Sampling {
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "sampling: temperature is %s; it must be finite and not negative".formatted(temperature));
    }
    if (topK < 1) {
      throw new IllegalArgumentException(
          "sampling: top_k is %d; it must be at least 1".formatted(topK));
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException(
          "sampling: top_p is %s; it must be above 0 and at most 1".formatted(topP));
    }
  }

  /** Returns the choice of the likeliest token. */
  public static Sampling greedy() {
    return new Sampling(0, Integer.MAX_VALUE, 1);
  }

  /** Returns draws from all tokens. */
  public static Sampling ofTemperature(double temperature) {
    return new Sampling(temperature, Integer.MAX_VALUE, 1);
  }

  /** Returns the same, of the likeliest tokens only. */
  public Sampling withTopK(int tokens) {
    return new Sampling(temperature, tokens, topP);
  }

  /** Returns the same, of the likeliest tokens that have this probability together. */
  public Sampling withTopP(double probability) {
    return new Sampling(temperature, topK, probability);
  }

  /**
   * Returns the id that is drawn; of equal logits the one with the lowest id counts as likelier.
   *
   * @param logits one for each id
   * @param uniform a random number in [0, 1)
   * @throws ArithmeticException when a logit is NaN or infinite; -infinity is a token that is ruled
   *     out
   */
  public int draw(float[] logits, double uniform) {
    int likeliest = likeliest(logits);
    if (temperature == 0) {
      return likeliest;
    }
    int[] ids = candidates(logits);
    double[] weights = new double[ids.length];
    double total = 0;
    for (int i = 0; i < ids.length; i++) {
      weights[i] = Math.exp((logits[ids[i]] - (double) logits[likeliest]) / temperature);
      total += weights[i];
    }
    int kept = topP < 1 ? reaching(weights, topP * total) : ids.length;
    return ids[drawn(weights, kept, uniform)];
  }

  private static int likeliest(float[] logits) {
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      if (Float.isNaN(logits[id]) || logits[id] == Float.POSITIVE_INFINITY) {
        throw new ArithmeticException(
            "sampling: the logit of token %d is %s; it must be a number".formatted(id, logits[id]));
      }
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    return best;
  }

  /** Returns the ids to draw from, the likeliest first where that matters. */
  private int[] candidates(float[] logits) {
    if (topK >= logits.length && topP == 1) {
      int[] all = new int[logits.length];
      Arrays.setAll(all, id -> id);
      return all;
    }
    long[] order = new long[logits.length];
    for (int id = 0; id < order.length; id++) {
      order[id] = (long) descending(logits[id]) << Integer.SIZE | id;
    }
    Arrays.sort(order);
    int[] first = new int[Math.min(topK, order.length)];
    Arrays.setAll(first, i -> (int) order[i]);
    return first;
  }

  /** Returns an integer that falls where the number rises. */
  private static int descending(float number) {
    int bits = Float.floatToIntBits(number + 0f);
    return bits >= 0 ? ~bits : bits & Integer.MAX_VALUE;
  }

  /** Returns how many of the first weights reach a sum. */
  private static int reaching(double[] weights, double sum) {
    double reached = 0;
    int count = 0;
    while (count < weights.length && reached < sum) {
      reached += weights[count];
      count++;
    }
    return count;
  }

  private static int drawn(double[] weights, int kept, double uniform) {
    double total = 0;
    for (int i = 0; i < kept; i++) {
      total += weights[i];
    }
    double left = uniform * total;
    int chosen = 0;
    while (chosen < kept - 1 && left >= weights[chosen]) {
      left -= weights[chosen];
      chosen++;
    }
    return chosen;
  }
}
