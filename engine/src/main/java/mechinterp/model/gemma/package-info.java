/** Gemma 2 and Gemma 3. */
@NullMarked
package mechinterp.model.gemma;

import org.jspecify.annotations.NullMarked;
