/**
 * The stages of all transformers, with TransformerLens' hook points between their parts: each layer
 * of {@link mechinterp.nn} that has hook points inside is a class {@code Hooked...} here, and the
 * blocks join them.
 */
@NullMarked
package mechinterp.model.stage;

import org.jspecify.annotations.NullMarked;
