package mechinterp.megabench;

import java.util.Arrays;
import java.util.Locale;

/** The figures of MEGA-Bench. Definitions in full: docs/metrics.md. */
public enum Metric {
  /** Fraction of variance unexplained. */
  FVU("sum |x - x^|^2 / sum |x - mean x|^2", Direction.LOWER, Scope.ANY, Unit.DOCUMENTS),
  /** The rest of it. */
  EXPLAINED_VARIANCE("1 - fvu", Direction.HIGHER, Scope.ANY, Unit.DOCUMENTS),
  /** Explained variance as a mean over tokens. */
  TOKEN_EXPLAINED_VARIANCE(
      "mean over tokens of 1 - |x - x^|^2 / |x - mean x|^2, the mean of x over all tokens",
      Direction.HIGHER,
      Scope.ANY,
      Unit.DOCUMENTS),
  /** Active latents. */
  L0("mean number of latents with f > 0", Direction.NEITHER, Scope.ANY, Unit.DOCUMENTS),
  /** Length of reconstructions. */
  SHRINKAGE("mean of |x^| / |x|; 1 is right", Direction.NEITHER, Scope.ANY, Unit.DOCUMENTS),
  /** Latents that are never active. */
  DEAD_FRACTION(
      "share of latents with f = 0 on every token", Direction.LOWER, Scope.ANY, Unit.LATENTS),
  /** Latents that are active everywhere. */
  DENSE_FRACTION(
      "share of latents with f > 0 on more than a tenth of the tokens",
      Direction.LOWER,
      Scope.ANY,
      Unit.LATENTS),
  /** Copies among decoder rows. */
  NEAREST_COSINE(
      "mean over latents of the largest cosine of their decoder row with another one's",
      Direction.LOWER,
      Scope.ANY,
      Unit.LATENTS),
  /** Latents that fire together. */
  CO_OCCURRENCE(
      "mean over active latents of the largest share tokens with both / tokens with either",
      Direction.LOWER,
      Scope.ANY,
      Unit.LATENTS),
  /** Stability across seeds. */
  SEED_COSINE(
      "mean cosine of decoder rows matched one to one with the next seed's so that it is largest",
      Direction.HIGHER,
      Scope.ANY,
      Unit.RUN),
  /** Latents that the next seed has, too. */
  SEED_MATCH(
      "share of decoder rows whose match among the next seed's has a cosine above .7",
      Direction.HIGHER,
      Scope.ANY,
      Unit.RUN),
  /** Latents that the next seed has in parts. */
  SEED_SPAN(
      "mean length of unit decoder rows projected on the span of their 4 nearest of the next seed",
      Direction.HIGHER,
      Scope.ANY,
      Unit.RUN),
  /** Subspaces of what is not matched. */
  SEED_SUBSPACE(
      "tr(P P') / r of the r = d_in / 8 leading directions of two seeds' unmatched rows; chance is 1/8",
      Direction.HIGHER,
      Scope.ANY,
      Unit.RUN),
  /** Rise of the cross-entropy. */
  CE_RISE(
      "cross-entropy with reconstructions spliced in less the untouched model's, nats",
      Direction.LOWER,
      Scope.LANGUAGE_MODEL,
      Unit.DOCUMENTS),
  /** Divergence of the model's predictions. */
  KL(
      "mean KL divergence from the untouched model's predictions, nats",
      Direction.LOWER,
      Scope.LANGUAGE_MODEL,
      Unit.DOCUMENTS),
  /** Loss recovered against zeros. */
  LOSS_RECOVERED_FROM_ZERO(
      "(CE with zeros - CE with reconstructions) / (CE with zeros - CE)",
      Direction.HIGHER,
      Scope.LANGUAGE_MODEL,
      Unit.DOCUMENTS),
  /** Loss recovered against the mean. */
  LOSS_RECOVERED_FROM_MEAN(
      "(CE with the mean - CE with reconstructions) / (CE with the mean - CE)",
      Direction.HIGHER,
      Scope.LANGUAGE_MODEL,
      Unit.DOCUMENTS),
  /** Detection of known features. */
  F1(
      "mean over latents of the F1 of 'active' for 'the nearest feature fires'",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Precision of it. */
  PRECISION(
      "mean over latents of the precision of 'active' for 'the nearest feature fires'",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Recall of it. */
  RECALL(
      "mean over latents of the recall of 'active' for 'the nearest feature fires'",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Known directions found. */
  MATCHED_COSINE(
      "mean absolute cosine of latents and features matched one to one",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Different features found. */
  UNIQUENESS(
      "number of different nearest features / number of latents",
      Direction.HIGHER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Parents silent for their children. */
  ABSORPTION(
      "share of fired child features whose latent is active and their parent's silent",
      Direction.LOWER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Features that several latents share. */
  SPLIT_FEATURES(
      "share of the features that active latents have (absolute cosine from 1/2) which two or more have",
      Direction.LOWER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Latents that several features share. */
  MERGED_LATENTS(
      "share of the active latents with a feature (absolute cosine from 1/2) that have two or more",
      Direction.LOWER,
      Scope.KNOWN_FEATURES,
      Unit.RUN),
  /** Tokens told by one latent. */
  TOKEN_F1(
      "mean over frequent tokens of the best single latent's F1",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.LABELS),
  /** Previous tokens told by one latent. */
  PREVIOUS_TOKEN_F1("the same of the token before", Direction.HIGHER, Scope.MODEL, Unit.LABELS),
  /** Subjects told by 1 latent. */
  PROBE_1(
      "share of WordNet entries whose subject 1 latent tells right (k-sparse probing), mean of eight subjects against others",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** Subjects told by 2 latents. */
  PROBE_2(
      "share of WordNet entries whose subject 2 latents tell right (k-sparse probing), mean of eight subjects against others",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** Subjects told by 5 latents. */
  PROBE_5(
      "share of WordNet entries whose subject 5 latents tell right (k-sparse probing), mean of eight subjects against others",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** Subjects told by 16 latents. */
  PROBE_16(
      "share of WordNet entries whose subject 16 latents tell right (k-sparse probing), mean of eight subjects against others",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** Ceiling of probing. */
  PROBE_ALL(
      "the same by logistic regression on all numbers; of raw activations alone",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** English told by 1 latent. */
  LANGUAGE_1(
      "share of Europarl passages of which 1 latent tells right whether they are in English",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** English told by 2 latents. */
  LANGUAGE_2(
      "share of Europarl passages of which 2 latents tell right whether they are in English",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** English told by 5 latents. */
  LANGUAGE_5(
      "share of Europarl passages of which 5 latents tell right whether they are in English",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** English told by 16 latents. */
  LANGUAGE_16(
      "share of Europarl passages of which 16 latents tell right whether they are in English",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.ENTRIES),
  /** Readability by tokens. */
  TOKEN_RULE_AUC(
      "mean over latents of the detection AUC of a set of tokens, found on other documents",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.LATENTS),
  /** Readability by n-grams. */
  NGRAM_RULE_AUC(
      "mean over latents of the detection AUC of a set of n-grams up to 3, found on other documents",
      Direction.HIGHER,
      Scope.MODEL,
      Unit.LATENTS),
  /** Time of training. */
  TRAIN_SECONDS("wall time of the training", Direction.LOWER, Scope.ANY, Unit.RUN),
  /** Operations of training. */
  TRAIN_FLOPS(
      "tokens (2 d_in d_sae + 8 d_in k) + steps 12 parameters: encoder, active latents and Adam, without auxiliary losses and pursuits",
      Direction.NEITHER,
      Scope.ANY,
      Unit.RUN),
  /** Memory of training. */
  PEAK_BYTES("bytes of the plan of the training", Direction.LOWER, Scope.ANY, Unit.RUN),
  /** Time of encoding. */
  ENCODE_P50(
      "median of the milliseconds in which 64 tokens are encoded",
      Direction.LOWER,
      Scope.ANY,
      Unit.RUN),
  /** Slow encodings. */
  ENCODE_P99("99 % quantile of them", Direction.LOWER, Scope.ANY, Unit.RUN),
  /** Size in files. */
  FILE_BYTES("bytes of its folder", Direction.LOWER, Scope.ANY, Unit.RUN);

  /**
   * The version of these definitions and of how they are measured, raised when one of them changes.
   */
  public static final int VERSION = 2;

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

  /** What an interval draws again, besides the seeds. */
  public enum Unit {
    /** Documents, or blocks of activations that have none. */
    DOCUMENTS,
    /** Latents. */
    LATENTS,
    /** Labels that are to be told. */
    LABELS,
    /** Texts that are classified. */
    ENTRIES,
    /** Nothing: it is one figure of a whole training. */
    RUN
  }

  private final String definition;
  private final Direction direction;
  private final Scope scope;
  private final Unit unit;

  Metric(String definition, Direction direction, Scope scope, Unit unit) {
    this.definition = definition;
    this.direction = direction;
    this.scope = scope;
    this.unit = unit;
  }

  /**
   * Returns the metric of a name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Metric ofField(String field) {
    return Arrays.stream(values())
        .filter(metric -> metric.field().equals(field))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("metric: is %s, which is none".formatted(field)));
  }

  /** Returns what an interval draws again, besides the seeds. */
  public Unit unit() {
    return unit;
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
