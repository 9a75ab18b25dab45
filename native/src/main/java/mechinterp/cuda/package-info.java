/**
 * The CUDA side of the engine: the kernels, as PTX resources. {@code mechinterp.cuda.ptx} reads
 * them, {@code mechinterp.cuda.simulator} runs them on a machine without a GPU.
 */
@NullMarked
package mechinterp.cuda;

import org.jspecify.annotations.NullMarked;
