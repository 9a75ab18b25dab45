/**
 * The CUDA side of the engine: the kernels' source and their PTX as resources, the catalogue that
 * names each kernel with its parameters and launch shape, and the simulator that runs that PTX on a
 * machine without a GPU. Empty until the first kernel arrives.
 */
@NullMarked
package mechinterp.cuda;

import org.jspecify.annotations.NullMarked;
