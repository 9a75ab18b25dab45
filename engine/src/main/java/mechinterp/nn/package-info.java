/**
 * The layers that models are made of. A layer owns its weights, writes to the matrices that it is
 * given, and offers one method for each part between two hook points.
 */
@NullMarked
package mechinterp.nn;

import org.jspecify.annotations.NullMarked;
