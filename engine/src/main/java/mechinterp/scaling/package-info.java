/**
 * Scaling laws of autoencoders: forms, robust fits with bootstrap intervals, comparison by held-out
 * error, predictions with a measure of how far they extrapolate.
 */
@NullMarked
package mechinterp.scaling;

import org.jspecify.annotations.NullMarked;
