package mechinterp.megabench;

import java.util.Locale;

/** The figures of MEGA-Bench. Definitions in full: docs/metrics.md. */
public enum Metric {
  /** Fraction of variance unexplained. */
  FVU("sum |x - x^|^2 / sum |x - mean x|^2", Direction.LOWER, Scope.ANY),
  /** Active latents. */
  L0("mean number of latents with f > 0", Direction.NEITHER, Scope.ANY),
  /** Latents that are never active. */
  DEAD_FRACTION("share of latents with f = 0 on every token", Direction.LOWER, Scope.ANY),
  /** Rise of the cross-entropy. */
  CE_RISE(
      "cross-entropy with reconstructions spliced in less the untouched model's, nats",
      Direction.LOWER,
      Scope.LANGUAGE_MODEL),
  /** Divergence of the model's predictions. */
  KL(
      "mean KL divergence from the untouched model's predictions, nats",
      Direction.LOWER,
      Scope.LANGUAGE_MODEL),
  /** Detection of known features. */
  F1(
      "mean over latents of the F1 of 'active' for 'the nearest feature fires'",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES),
  /** Known directions found. */
  MATCHED_COSINE(
      "mean absolute cosine of latents and features matched one to one",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES),
  /** Different features found. */
  UNIQUENESS(
      "number of different nearest features / number of latents",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES),
  /** Parents silent for their children. */
  ABSORPTION(
      "share of fired child features whose latent is active and their parent's silent",
      Direction.LOWER,
      Scope.KNOWN_FEATURES),
  /** Tokens told by one latent. */
  TOKEN_F1(
      "mean over frequent tokens of the best single latent's F1", Direction.HIGHER, Scope.MODEL);

  /** Which values are good. */
  public enum Direction {
    /** Large ones. */
    HIGHER,
    /** Small ones. */
    LOWER,
    /** None: it is a setting rather than a merit, and nothing is ranked by it. */
    NEITHER
  }

  /** On which activations it is defined. */
  public enum Scope {
    /** On all. */
    ANY,
    /** On those of a model that reads tokens. */
    MODEL,
    /** On those of a model that predicts the next token. */
    LANGUAGE_MODEL,
    /** On synthetic ones, whose features are known. */
    KNOWN_FEATURES
  }

  private final String definition;
  private final Direction direction;
  private final Scope scope;

  Metric(String definition, Direction direction, Scope scope) {
    this.definition = definition;
    this.direction = direction;
    this.scope = scope;
  }

  /** Returns its name in files and tables. */
  public String field() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns how it is computed, in one line. */
  public String definition() {
    return definition;
  }

  /** Returns which values are good. */
  public Direction direction() {
    return direction;
  }

  /** Returns on which activations it is defined. */
  public Scope scope() {
    return scope;
  }

  /**
   * Returns whether one value is better than another.
   *
   * @throws IllegalArgumentException when neither direction is better
   */
  public boolean isBetter(double one, double other) {
    return switch (direction) {
      case HIGHER -> one > other;
      case LOWER -> one < other;
      case NEITHER ->
          throw new IllegalArgumentException(
              "%s: has no better direction; nothing is ranked by it".formatted(field()));
    };
  }
}
