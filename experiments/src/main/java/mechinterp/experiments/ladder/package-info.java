/**
 * A ladder of models: autoencoders over sizes, sparsities and budgets, for laws to be fitted to.
 */
@NullMarked
package mechinterp.experiments.ladder;

import org.jspecify.annotations.NullMarked;
