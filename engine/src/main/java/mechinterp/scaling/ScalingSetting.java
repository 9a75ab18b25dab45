package mechinterp.scaling;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * All that a law may predict a loss from.
 *
 * @param kind of the autoencoder, such as {@code topk}
 * @param values of the covariates that are known
 */
public record ScalingSetting(String kind, Map<Covariate, Double> values) {
  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException when one is not positive and finite
   */
  public ScalingSetting {
    EnumMap<Covariate, Double> copy = new EnumMap<>(Covariate.class);
    values.forEach((covariate, value) -> {
      requirePositive(covariate.field(), value);
      copy.put(covariate, value);
    });
    values = Collections.unmodifiableMap(copy);
  }

  /**
   * Returns the natural logarithm of a covariate.
   *
   * @throws IllegalArgumentException when it is not known
   */
  public double log(Covariate covariate) {
    Double value = values.get(covariate);
    if (value == null) {
      throw new IllegalArgumentException(
          "%s: is missing in %s; the law depends on it".formatted(covariate.field(), this));
    }
    return Math.log(value);
  }

  /** Returns the setting with another value of a covariate. */
  public ScalingSetting with(Covariate covariate, double value) {
    EnumMap<Covariate, Double> changed = new EnumMap<>(Covariate.class);
    changed.putAll(values);
    changed.put(covariate, value);
    return new ScalingSetting(kind, changed);
  }

  static void requirePositive(String field, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "%s: is %s; it must be positive and finite".formatted(field, value));
    }
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(kind);
    values.forEach(
        (covariate, value) -> text.append(", %s %s".formatted(covariate.field(), value)));
    return text.toString();
  }
}
