/**
 * Interventions on latents: autoencoders spliced into a model at one or many places, their latents
 * ablated, clamped, scaled or added to, also while it generates. The model itself never changes.
 * docs/steering.md has the formulas.
 */
@NullMarked
package mechinterp.analysis.steering;

import org.jspecify.annotations.NullMarked;
