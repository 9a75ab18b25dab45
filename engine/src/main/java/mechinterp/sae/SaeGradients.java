package mechinterp.sae;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseOuterProduct;

/**
 * The gradient of a loss with respect to {@link SaeWeights}: for the weight matrices as sums of
 * terms that are never written out, for the biases as rows. Valid until the loss is taken again.
 *
 * @param wEnc terms of the gradient of W_enc, as rows [d_sae, d_in]
 * @param bEnc gradient of b_enc [1, d_sae]
 * @param wDec terms of the gradient of W_dec [d_sae, d_in]
 * @param bDec gradient of b_dec [1, d_in]
 */
public record SaeGradients(
    List<SparseOuterProduct> wEnc,
    FloatMatrix bEnc,
    List<SparseOuterProduct> wDec,
    FloatMatrix bDec) {}
