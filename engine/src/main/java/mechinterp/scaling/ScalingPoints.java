package mechinterp.scaling;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import mechinterp.io.FormatException;
import mechinterp.io.Json;

/**
 * Measured autoencoders whose losses mean the same.
 *
 * @param measure what the losses are, such as {@code fvu}
 * @param points in any order
 */
public record ScalingPoints(String measure, List<ScalingPoint> points) {
  /** Copies the points. */
  public ScalingPoints {
    points = List.copyOf(points);
  }

  /** A line of a file. */
  private record Line(
      String model,
      String kind,
      long seed,
      String measure,
      double loss,
      Optional<Double> dSae,
      Optional<Double> k,
      Optional<Double> tokens,
      Optional<Double> flops,
      Optional<Double> modelParams,
      Optional<Double> intrinsicDimension) {
    ScalingPoint point() {
      Map<Covariate, Double> values = new EnumMap<>(Covariate.class);
      dSae.ifPresent(value -> values.put(Covariate.D_SAE, value));
      k.ifPresent(value -> values.put(Covariate.K, value));
      tokens.ifPresent(value -> values.put(Covariate.TOKENS, value));
      flops.ifPresent(value -> values.put(Covariate.FLOPS, value));
      modelParams.ifPresent(value -> values.put(Covariate.MODEL_PARAMS, value));
      intrinsicDimension.ifPresent(value -> values.put(Covariate.INTRINSIC_DIMENSION, value));
      return new ScalingPoint(model, new ScalingSetting(kind, values), seed, loss);
    }
  }

  /**
   * Reads JSON lines: {@code model}, {@code kind}, {@code seed}, {@code measure}, {@code loss}, and
   * of the covariates those that are known.
   *
   * @throws FormatException with file and line, also when lines are of different measures
   * @throws IOException when the file cannot be read
   */
  public static ScalingPoints read(Path file) throws IOException {
    List<ScalingPoint> points = new ArrayList<>();
    String measure = "";
    int number = 0;
    for (String text : Files.readString(file, StandardCharsets.UTF_8).split("\n", -1)) {
      number++;
      if (text.isBlank()) {
        continue;
      }
      String name = "%s, line %d".formatted(file, number);
      Line line = Json.read(name, text.getBytes(StandardCharsets.UTF_8), Line.class);
      if (!measure.isEmpty() && !measure.equals(line.measure())) {
        throw new FormatException(
            name,
            "measure is %s, and %s above; a law is of one measure"
                .formatted(line.measure(), measure));
      }
      measure = line.measure();
      points.add(point(name, line));
    }
    if (points.isEmpty()) {
      throw new FormatException(file.toString(), "holds no points; it must hold a JSON line each");
    }
    return new ScalingPoints(measure, points);
  }

  private static ScalingPoint point(String name, Line line) throws FormatException {
    try {
      return line.point();
    } catch (IllegalArgumentException e) {
      throw new FormatException(name, String.valueOf(e.getMessage()), e);
    }
  }

  /** Returns the names of the kinds in alphabetical order. */
  public List<String> kinds() {
    return List.copyOf(
        new TreeSet<>(points.stream().map(point -> point.setting().kind()).toList()));
  }

  /**
   * Returns the names of the models, those with fewest parameters first, as far as that is known.
   */
  public List<String> models() {
    Map<String, Double> sizes = new LinkedHashMap<>();
    points.forEach(point ->
        sizes.merge(
            point.model(),
            point.setting().values().getOrDefault(Covariate.MODEL_PARAMS, 0.0),
            Math::max));
    return sizes.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Returns the points of a model, or those of all others. */
  public ScalingPoints ofModel(String model, boolean others) {
    return new ScalingPoints(
        measure, points.stream().filter(point -> point.model().equals(model) != others).toList());
  }

  /**
   * Returns the points that no other point of the same model, kind and seed beats in loss at as few
   * operations: what a cost buys at its best.
   *
   * @throws IllegalArgumentException when the operations of one are not known
   */
  public ScalingPoints frontier() {
    List<ScalingPoint> byCost = new ArrayList<>(points);
    byCost.sort(
        Comparator.<ScalingPoint>comparingDouble(point -> point.setting().log(Covariate.FLOPS))
            .thenComparingDouble(ScalingPoint::loss));
    Map<List<Object>, Double> least = new LinkedHashMap<>();
    List<ScalingPoint> kept = new ArrayList<>();
    for (ScalingPoint point : byCost) {
      List<Object> group = List.of(point.model(), point.setting().kind(), point.seed());
      if (point.loss() < least.getOrDefault(group, Double.POSITIVE_INFINITY)) {
        least.put(group, point.loss());
        kept.add(point);
      }
    }
    return new ScalingPoints(measure, kept);
  }
}
