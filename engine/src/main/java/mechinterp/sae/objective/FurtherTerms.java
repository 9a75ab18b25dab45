package mechinterp.sae.objective;

import java.util.Optional;

/**
 * The terms of a loss that only some kinds have, besides the reconstruction and AuxK.
 *
 * @param fixedPoint what teaches the encoder of a hybrid
 * @param more reconstructions from other codes
 * @param penalty what keeps codes sparse
 */
record FurtherTerms(
    Optional<FixedPoint> fixedPoint,
    Optional<FurtherLoss> more,
    Optional<SparsityPenalty> penalty) {
  static FurtherTerms none() {
    return hybrid(Optional.empty(), Optional.empty());
  }

  static FurtherTerms hybrid(Optional<FixedPoint> fixedPoint, Optional<FurtherLoss> prefixes) {
    return new FurtherTerms(fixedPoint, prefixes, Optional.empty());
  }

  static FurtherTerms more(FurtherLoss term) {
    return new FurtherTerms(Optional.empty(), Optional.of(term), Optional.empty());
  }

  static FurtherTerms gated(Gated term) {
    return new FurtherTerms(Optional.empty(), Optional.of(term), Optional.of(term));
  }

  static FurtherTerms penalty(SparsityPenalty term) {
    return new FurtherTerms(Optional.empty(), Optional.empty(), Optional.of(term));
  }
}
