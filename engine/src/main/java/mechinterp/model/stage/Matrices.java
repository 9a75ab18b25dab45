package mechinterp.model.stage;

/** Names of the matrices that all stages of a forward run share. */
final class Matrices {
  /** The residual stream. */
  static final String RESIDUAL = "residual";

  /** What a layer adds to the residual stream. */
  static final String BRANCH = "branch";

  /** What a layer reads. */
  static final String NORMALIZED = "normalized";

  /** The gradient with respect to what a layer reads. */
  static final String INPUT = "input";

  private Matrices() {}
}
