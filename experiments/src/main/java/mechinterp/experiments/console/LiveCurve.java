package mechinterp.experiments.console;

/**
 * A curve in one line of text, over a run of known length: a block for each part of it, as high as
 * the logarithm of the part's mean between the lowest and the highest mean so far.
 */
public final class LiveCurve {
  private static final String BLOCKS = "▁▂▃▄▅▆▇█";

  private final int steps;
  private final double[] sums;
  private final int[] counts;

  /**
   * Begins a curve.
   *
   * @param width number of blocks
   * @param steps of the run
   */
  public LiveCurve(int width, int steps) {
    this.steps = Math.max(1, steps);
    this.sums = new double[width];
    this.counts = new int[width];
  }

  /**
   * Adds a number.
   *
   * @param step its step, from 1
   * @param value left out unless it is positive
   */
  public void add(int step, double value) {
    if (value > 0 && value < Double.POSITIVE_INFINITY) {
      int part = (int) Math.min(sums.length - 1L, (step - 1L) * sums.length / steps);
      sums[part] += value;
      counts[part]++;
    }
  }

  /** Returns the blocks, spaces for parts that have no number yet. */
  @Override
  public String toString() {
    double lowest = Double.POSITIVE_INFINITY;
    double highest = Double.NEGATIVE_INFINITY;
    for (int part = 0; part < sums.length; part++) {
      if (counts[part] > 0) {
        lowest = Math.min(lowest, logarithm(part));
        highest = Math.max(highest, logarithm(part));
      }
    }
    StringBuilder line = new StringBuilder();
    for (int part = 0; part < sums.length; part++) {
      line.append(counts[part] == 0 ? ' ' : block(logarithm(part), lowest, highest));
    }
    return line.toString();
  }

  private double logarithm(int part) {
    return Math.log(sums[part] / counts[part]);
  }

  private static char block(double value, double lowest, double highest) {
    double share = highest > lowest ? (value - lowest) / (highest - lowest) : 0;
    return BLOCKS.charAt((int) Math.round(share * (BLOCKS.length() - 1)));
  }
}
