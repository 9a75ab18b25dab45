/**
 * Handles for numbers: dense matrices and sparse codes. A handle says where numbers are and how
 * they are laid out; only a device and its kernels can reach them.
 */
@NullMarked
package mechinterp.tensor;

import org.jspecify.annotations.NullMarked;
