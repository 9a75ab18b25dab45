/**
 * What each kind of autoencoder is trained for: the loss on a batch, written as a choice of
 * latents, a reconstruction and further terms, and its gradient by hand.
 */
@NullMarked
package mechinterp.sae.objective;

import org.jspecify.annotations.NullMarked;
