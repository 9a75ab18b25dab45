/** Text and the activations that a model makes of it: harvested, stored, shuffled, normalised. */
@NullMarked
package mechinterp.activation;

import org.jspecify.annotations.NullMarked;
