package mechinterp.sae;

import mechinterp.kernel.RowConstraint;

/** What training keeps true of the rows of W_dec. */
public enum DecoderNorm {
  /**
   * Unit Euclidean norm, with the gradient's part along the row removed (Gao et al. 2024; sparsify;
   * dictionary_learning).
   */
  UNIT,
  /** Nothing; rows begin with unit norm. */
  FREE;

  /** Returns the constraint of the optimizer's step. */
  public RowConstraint constraint() {
    return this == UNIT ? RowConstraint.UNIT_NORM : RowConstraint.NONE;
  }
}
