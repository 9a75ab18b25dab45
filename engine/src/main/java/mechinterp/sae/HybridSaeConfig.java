package mechinterp.sae;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import mechinterp.kernel.PursuitForm;

/**
 * A hybrid of three parts: a TopK encoder, a dictionary learned from that encoder's codes among all
 * latents and among a prefix of them, and a short non-negative pursuit on the encoder's shortlist,
 * which teaches the encoder and gives the codes after training. docs/hybrid-sae.md says where the
 * defaults come from.
 *
 * @param dIn width of an activation
 * @param dSae number of latents
 * @param k largest number of active latents of a token
 * @param prefixes rising, the last of all latents
 * @param fixedPointWeight weight of the loss that draws the encoder to the pursuit's fixed point; 0
 *     switches it off
 * @param fixedPointShare share of a batch that this loss is taken on
 * @param shortlistFactor size of the shortlist as a multiple of k
 * @param rounds rounds of the pursuit
 * @param overshoot latents that the pursuit holds before all but k are dropped, as a multiple of k
 * @param codes the codes after training
 * @param leastCode full codes below it are dropped in place of all but the k largest, so that a
 *     token may have more than k latents, at most overshoot k, or fewer; {@link
 *     HybridSae#withMeanL0} finds the one with k in the mean. Empty for at most k on every token
 */
public record HybridSaeConfig(
    int dIn,
    int dSae,
    int k,
    List<Prefix> prefixes,
    double fixedPointWeight,
    double fixedPointShare,
    int shortlistFactor,
    int rounds,
    double overshoot,
    InferenceCodes codes,
    Optional<Double> leastCode)
    implements SaeConfig {
  /** The name of this kind. */
  public static final String ARCHITECTURE = "hybrid";

  private static final int SHORT_PREFIX = 4;
  private static final double SHORT_PREFIX_WEIGHT = 0.25;
  private static final double FIXED_POINT_SHARE = 0.5;
  private static final double FIXED_POINT_WEIGHT = 0.1;
  private static final int SHORTLIST_FACTOR = 4;
  private static final int ROUNDS = 3;
  private static final double OVERSHOOT = 1.5;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException with the JSON field's name
   */
  public HybridSaeConfig {
    Sizes.requirePositive("d_in", dIn);
    Sizes.requirePositive("d_sae", dSae);
    Sizes.requireActive(k, dSae);
    Sizes.requirePositive("shortlist_factor", shortlistFactor);
    prefixes = List.copyOf(prefixes);
    Prefix.require(prefixes, dSae);
    if (!(fixedPointWeight >= 0 && fixedPointWeight < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "fixed_point_weight: is %s; it must be at least 0 and finite"
              .formatted(fixedPointWeight));
    }
    if (!(fixedPointShare > 0 && fixedPointShare <= 1)) {
      throw new IllegalArgumentException(
          "fixed_point_share: is %s; it must be above 0 and at most 1".formatted(fixedPointShare));
    }
    PursuitForm _ = pursuit(k, rounds, overshoot, leastCode);
  }

  /**
   * Returns prefixes of d_sae / 4 and d_sae latents with weights 1/4 and 3/4, a fixed-point loss of
   * weight .1 on half of each batch, a shortlist of 4 k, 3 rounds with an overshoot of 1.5, and
   * full codes.
   */
  public static HybridSaeConfig of(int dIn, int dSae, int k) {
    return new HybridSaeConfig(
        dIn,
        dSae,
        k,
        defaultPrefixes(dSae),
        FIXED_POINT_WEIGHT,
        FIXED_POINT_SHARE,
        SHORTLIST_FACTOR,
        ROUNDS,
        OVERSHOOT,
        InferenceCodes.FULL,
        Optional.empty());
  }

  private static List<Prefix> defaultPrefixes(int dSae) {
    Prefix all = new Prefix(dSae, 1 - SHORT_PREFIX_WEIGHT);
    return dSae < SHORT_PREFIX
        ? List.of(all)
        : List.of(new Prefix(dSae / SHORT_PREFIX, SHORT_PREFIX_WEIGHT), all);
  }

  /** Returns these settings with other prefixes. */
  public HybridSaeConfig withPrefixes(List<Prefix> value) {
    return changed(change -> change.prefixes = value);
  }

  /** Returns these settings with a fixed-point loss of this weight on this share of a batch. */
  public HybridSaeConfig withFixedPoint(double weight, double share) {
    return changed(change -> {
      change.fixedPointWeight = weight;
      change.fixedPointShare = share;
    });
  }

  /** Returns these settings with another pursuit. */
  public HybridSaeConfig withPursuit(int factor, int roundCount, double overshootFactor) {
    return changed(change -> {
      change.shortlistFactor = factor;
      change.rounds = roundCount;
      change.overshoot = overshootFactor;
    });
  }

  /** Returns these settings with other codes after training. */
  public HybridSaeConfig withCodes(InferenceCodes value) {
    return changed(change -> change.codes = value);
  }

  /** Returns these settings with full codes of at least this size. */
  public HybridSaeConfig withLeastCode(double value) {
    return changed(change -> change.leastCode = Optional.of(value));
  }

  private HybridSaeConfig changed(Consumer<Change> changes) {
    Change change = new Change(this);
    changes.accept(change);
    return new HybridSaeConfig(
        dIn,
        dSae,
        k,
        change.prefixes,
        change.fixedPointWeight,
        change.fixedPointShare,
        change.shortlistFactor,
        change.rounds,
        change.overshoot,
        change.codes,
        change.leastCode);
  }

  /** The settings besides the sizes, to be changed. */
  private static final class Change {
    private List<Prefix> prefixes;
    private double fixedPointWeight;
    private double fixedPointShare;
    private int shortlistFactor;
    private int rounds;
    private double overshoot;
    private InferenceCodes codes;
    private Optional<Double> leastCode;

    Change(HybridSaeConfig config) {
      prefixes = config.prefixes;
      fixedPointWeight = config.fixedPointWeight;
      fixedPointShare = config.fixedPointShare;
      shortlistFactor = config.shortlistFactor;
      rounds = config.rounds;
      overshoot = config.overshoot;
      codes = config.codes;
      leastCode = config.leastCode;
    }
  }

  private static PursuitForm pursuit(
      int k, int rounds, double overshoot, Optional<Double> leastCode) {
    return new PursuitForm(k, rounds, overshoot, leastCode.orElse(0.0).floatValue());
  }

  /** Returns the number of latents on a token's shortlist: shortlist_factor k, at most d_sae. */
  public int shortlist() {
    return (int) Math.min((long) shortlistFactor * k, dSae);
  }

  /** Returns how the pursuit searches. */
  public PursuitForm pursuit() {
    return pursuit(k, rounds, overshoot, leastCode);
  }

  @Override
  public String architecture() {
    return ARCHITECTURE;
  }
}
