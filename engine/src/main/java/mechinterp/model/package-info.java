/**
 * Transformers with hook points: captures and edits are arguments of a run, never state of the
 * model. The packages inside hold what is particular to a family: its weights' names and the recipe
 * of its blocks.
 */
@NullMarked
package mechinterp.model;

import org.jspecify.annotations.NullMarked;
