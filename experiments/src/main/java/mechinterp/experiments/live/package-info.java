/** A page on this machine's loopback interface: latents of a text as one types it, and steering. */
@NullMarked
package mechinterp.experiments.live;

import org.jspecify.annotations.NullMarked;
