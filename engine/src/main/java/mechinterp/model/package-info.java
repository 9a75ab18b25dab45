/**
 * Transformers with hook points: captures and edits are arguments of a run, never state of the
 * model.
 *
 * <p>{@link mechinterp.model.TransformerConfig} says what a transformer is, {@link
 * mechinterp.model.WeightNames} which weights it has, and {@link
 * mechinterp.model.TransformerBuilder} makes it of both. A {@link mechinterp.model.Transformer} is
 * a list of {@link mechinterp.model.Stage}s; a {@code Pass} takes them through one run, forward
 * and, in a {@link mechinterp.model.GradientRun}, back. {@link mechinterp.model.RunMemory} gives a
 * run its matrices and {@link mechinterp.model.Hooks} its captures and edits.
 *
 * <p>The package {@code stage} has the stages of all families; the other packages inside have what
 * is particular to a family: how its config is read and what its files call the weights.
 */
@NullMarked
package mechinterp.model;

import org.jspecify.annotations.NullMarked;
