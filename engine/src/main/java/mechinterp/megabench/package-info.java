/**
 * MEGA-Bench: what is measured of autoencoders, and how well it is known: intervals over seeds and
 * documents, noise floors, rankings, Pareto fronts.
 */
@NullMarked
package mechinterp.megabench;

import org.jspecify.annotations.NullMarked;
