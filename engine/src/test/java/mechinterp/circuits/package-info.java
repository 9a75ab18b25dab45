@NullMarked
package mechinterp.circuits;

import org.jspecify.annotations.NullMarked;
