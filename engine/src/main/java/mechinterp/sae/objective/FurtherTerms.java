package mechinterp.sae.objective;

import java.util.Optional;

/**
 * The terms of a loss that only some kinds have, besides the reconstruction and AuxK.
 *
 * @param fixedPoint what teaches the encoder of a hybrid
 * @param more a reconstruction from other codes
 * @param penalty what keeps codes sparse
 */
record FurtherTerms(
    Optional<FixedPoint> fixedPoint,
    Optional<FurtherLoss> more,
    Optional<SparsityPenalty> penalty) {
  static FurtherTerms none() {
    return fixedPoint(Optional.empty());
  }

  static FurtherTerms fixedPoint(Optional<FixedPoint> term) {
    return new FurtherTerms(term, Optional.empty(), Optional.empty());
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
