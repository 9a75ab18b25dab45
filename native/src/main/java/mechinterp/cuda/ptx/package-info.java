/** PTX, the assembly language of NVIDIA GPUs, read into modules, kernels and instructions. */
@NullMarked
package mechinterp.cuda.ptx;

import org.jspecify.annotations.NullMarked;
