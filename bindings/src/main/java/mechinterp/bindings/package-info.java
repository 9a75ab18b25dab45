/**
 * Finds the CUDA libraries; what jextract generates for them lies in {@code
 * mechinterp.bindings.cuda} and {@code mechinterp.bindings.cublas}.
 */
@NullMarked
package mechinterp.bindings;

import org.jspecify.annotations.NullMarked;
