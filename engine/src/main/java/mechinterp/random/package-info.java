/**
 * Random numbers that depend on a seed, a name and a counter alone, never on the order or the
 * threads of their use.
 */
@NullMarked
package mechinterp.random;

import org.jspecify.annotations.NullMarked;
