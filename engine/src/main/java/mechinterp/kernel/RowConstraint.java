package mechinterp.kernel;

/** What an optimizer step keeps true of each row of a weight matrix. */
public enum RowConstraint {
  /** Nothing. */
  NONE,
  /**
   * Rows have unit Euclidean norm: the part of the gradient parallel to a row is removed before the
   * step, and the row is divided by its norm after it (Bricken et al. 2023; Gao et al. 2024, arXiv
   * 2406.04093).
   */
  UNIT_NORM
}
