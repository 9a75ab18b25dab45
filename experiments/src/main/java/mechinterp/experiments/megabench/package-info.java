/** MEGA-Bench: a grid of autoencoders, trained, measured, and reported with what is known of it. */
@NullMarked
package mechinterp.experiments.megabench;

import org.jspecify.annotations.NullMarked;
