/**
 * Kinds of autoencoders side by side: tuned alike, over seeds, on data whose features are known.
 */
@NullMarked
package mechinterp.experiments.comparison;

import org.jspecify.annotations.NullMarked;
