/** Files of autoencoders, ours and those of the libraries and publishers that others use. */
@NullMarked
package mechinterp.sae.file;

import org.jspecify.annotations.NullMarked;
