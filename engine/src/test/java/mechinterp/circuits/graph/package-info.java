@NullMarked
package mechinterp.circuits.graph;

import org.jspecify.annotations.NullMarked;
