/** Real text that Maven artifacts on the class path carry, as documents. */
@NullMarked
package mechinterp.experiments.text;

import org.jspecify.annotations.NullMarked;
