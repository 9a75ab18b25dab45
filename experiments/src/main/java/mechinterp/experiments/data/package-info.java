/**
 * What autoencoders are trained and measured on: activations of models and ones whose features are
 * known, in parts, with labels of tokens and texts.
 */
@NullMarked
package mechinterp.experiments.data;

import org.jspecify.annotations.NullMarked;
