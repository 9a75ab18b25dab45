/**
 * What families of models have in common: reading their configs, and turning the names and
 * orientations of their files' tensors into the canonical weights of {@link
 * mechinterp.model.WeightNames}.
 */
@NullMarked
package mechinterp.model.family;

import org.jspecify.annotations.NullMarked;
