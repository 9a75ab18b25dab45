/** CUDA through the bindings; nothing else in the engine names them. */
@NullMarked
package mechinterp.device.cuda;

import org.jspecify.annotations.NullMarked;
