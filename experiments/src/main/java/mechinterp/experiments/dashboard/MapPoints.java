package mechinterp.experiments.dashboard;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import mechinterp.analysis.layout.LatentMap;

/**
 * Where latents lie on the map, in whole numbers from 0 to 10,000 with the same scale for both
 * axes; y grows downwards, as on a screen.
 *
 * @param x of each latent
 * @param y of each latent
 */
record MapPoints(List<Integer> x, List<Integer> y) {
  private static final int SIZE = 10_000;

  static MapPoints of(LatentMap map) {
    double left = least(map, map::x);
    double low = least(map, map::y);
    double width = -least(map, i -> -map.x(i)) - left;
    double height = -least(map, i -> -map.y(i)) - low;
    double scale = SIZE / Math.max(Math.max(width, height), Double.MIN_NORMAL);
    return new MapPoints(
        points(map, i -> scale * (map.x(i) - left)),
        points(map, i -> scale * (low + height - map.y(i))));
  }

  private static double least(LatentMap map, IntToDoubleFunction value) {
    return IntStream.range(0, map.size()).mapToDouble(value).min().orElse(0);
  }

  private static List<Integer> points(LatentMap map, IntToDoubleFunction value) {
    return IntStream.range(0, map.size())
        .mapToObj(i -> (int) Math.round(value.applyAsDouble(i)))
        .toList();
  }
}
