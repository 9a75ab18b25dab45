/** Programs that make golden files with other people's software; not part of the normal build. */
@NullMarked
package mechinterp.experiments.golden;

import org.jspecify.annotations.NullMarked;
