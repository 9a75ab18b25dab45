/**
 * A CUDA driver and a cuBLAS for the simulator, as C functions: what calls the bindings calls these
 * with nothing changed.
 */
@NullMarked
package mechinterp.cuda.simulator.driver;

import org.jspecify.annotations.NullMarked;
