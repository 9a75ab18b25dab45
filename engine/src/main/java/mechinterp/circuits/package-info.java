/**
 * Which parts of a model make it answer as it does: tasks of clean and corrupted prompts, exact
 * effects of nodes and edges by patching, their approximations by gradients, and how faithful the
 * circuits are that follow from them.
 */
@NullMarked
package mechinterp.circuits;

import org.jspecify.annotations.NullMarked;
