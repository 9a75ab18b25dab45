package mechinterp.megabench;

import java.util.List;

/** What no other autoencoder beats in two figures at once. */
public final class ParetoFront {
  private ParetoFront() {}

  /**
   * An autoencoder in the plane of two figures.
   *
   * @param name of the autoencoder
   * @param cost the smaller the better, such as L0 or seconds
   * @param error the smaller the better, such as FVU or 1 - F1
   */
  public record Point(String name, double cost, double error) {
    private boolean dominates(Point other) {
      return cost <= other.cost
          && error <= other.error
          && (cost < other.cost || error < other.error);
    }
  }

  /** Returns the points that none dominates, in their order; equal points all stay. */
  public static List<Point> of(List<Point> points) {
    return points.stream()
        .filter(point -> points.stream().noneMatch(other -> other.dominates(point)))
        .toList();
  }
}
