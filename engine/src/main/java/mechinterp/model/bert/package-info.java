/**
 * BERT (Devlin et al. 2019): encoder blocks with the layer norm after each addition, and the
 * sentence embeddings that are made of their output.
 */
@NullMarked
package mechinterp.model.bert;

import org.jspecify.annotations.NullMarked;
