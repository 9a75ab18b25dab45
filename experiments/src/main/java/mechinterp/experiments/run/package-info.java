/**
 * What commands and experiments have in common: settings, training, evaluation, the files of a run.
 */
@NullMarked
package mechinterp.experiments.run;

import org.jspecify.annotations.NullMarked;
