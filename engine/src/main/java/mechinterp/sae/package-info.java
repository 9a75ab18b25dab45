/**
 * Sparse autoencoders: their configurations, encoding and decoding, and the gradients of their
 * losses, written by hand.
 */
@NullMarked
package mechinterp.sae;

import org.jspecify.annotations.NullMarked;
