/**
 * The arithmetic: one contract, {@link mechinterp.kernel.Kernels}; a scalar reference that obeys it
 * formula by formula; a fast implementation with the Vector API. No other package names the Vector
 * API.
 */
@NullMarked
package mechinterp.kernel;

import org.jspecify.annotations.NullMarked;
