package mechinterp.circuits;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import mechinterp.metrics.ConfidenceInterval;

/**
 * What parts of a model do to the metric of a task, example by example.
 *
 * @param <T> {@link PatchSite} or {@link CircuitEdge}
 */
public final class Effects<T> {
  private static final double LEVEL = 0.95;

  private final List<T> items;
  private final double[][] effects;
  private final Baseline baseline;

  /**
   * Makes the table.
   *
   * @param items what has effects
   * @param effects for each item one of each example; kept, not copied
   * @param baseline what the effects are differences to
   */
  Effects(List<T> items, double[][] effects, Baseline baseline) {
    this.items = List.copyOf(items);
    this.effects = effects;
    this.baseline = baseline;
  }

  /** Returns what has effects, in the order of computation. */
  public List<T> items() {
    return items;
  }

  /** Returns the metric of the runs without patches. */
  public Baseline baseline() {
    return baseline;
  }

  /** Returns the mean effect of an item over the examples. */
  public double mean(int item) {
    return Arrays.stream(effects[item]).average().orElseThrow();
  }

  /** Returns the mean effects of all items in a new array. */
  public double[] means() {
    return IntStream.range(0, items.size()).mapToDouble(this::mean).toArray();
  }

  /** Returns the mean effect of an item with its 95 % interval over examples. */
  public ConfidenceInterval interval(int item) {
    return ConfidenceInterval.of(LEVEL, effects[item]);
  }

  double of(int item, int example) {
    return effects[item][example];
  }

  /** Returns an item's effect on each example in a new array. */
  public double[] byExample(int item) {
    return effects[item].clone();
  }

  /** Returns the numbers of the items by the size of their mean effects, the largest first. */
  public List<Integer> ranking() {
    double[] means = means();
    return IntStream.range(0, means.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer item) -> Math.abs(means[item])).reversed())
        .toList();
  }
}
