/** The sub-commands of {@code mechinterp}. */
@NullMarked
package mechinterp.experiments.command;

import org.jspecify.annotations.NullMarked;
