/**
 * Where numbers live and what computes with them: devices, and the plan of the memory that a
 * computation needs.
 */
@NullMarked
package mechinterp.device;

import org.jspecify.annotations.NullMarked;
