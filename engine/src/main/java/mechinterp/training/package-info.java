/** Training: one loop, its settings, and who hears of its steps. */
@NullMarked
package mechinterp.training;

import org.jspecify.annotations.NullMarked;
