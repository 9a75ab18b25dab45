package mechinterp.sae.objective;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/** The gradient of a loss with respect to one parameter. */
public sealed interface SaeGradient {
  /**
   * Written out.
   *
   * @param values of the parameter's shape
   */
  record Dense(FloatMatrix values) implements SaeGradient {}

  /**
   * A sum of terms that are never written out.
   *
   * @param terms of the parameter's shape; rows are latents
   */
  record Sparse(List<SparseOuterProduct> terms) implements SaeGradient {
    /** Keeps the terms. */
    public Sparse {
      terms = List.copyOf(terms);
    }
  }
}
