/**
 * Runs PTX kernels on the CPU, warp by warp, and checks every access to memory and every barrier.
 * It shows what a kernel computes and whether it is correct; it cannot show speed, weak memory
 * ordering or real overlap.
 */
@NullMarked
package mechinterp.cuda.simulator;

import org.jspecify.annotations.NullMarked;
