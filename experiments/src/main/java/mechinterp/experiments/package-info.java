/** The {@code mechinterp} command line and the experiments that it runs. */
@NullMarked
package mechinterp.experiments;

import org.jspecify.annotations.NullMarked;
