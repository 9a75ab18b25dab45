/** A folder of static pages about the latents of an autoencoder, which opens without a server. */
@NullMarked
package mechinterp.experiments.dashboard;

import org.jspecify.annotations.NullMarked;
