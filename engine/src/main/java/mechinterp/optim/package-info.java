/** Optimizers: Adam, and the course of the learning rate. */
@NullMarked
package mechinterp.optim;

import org.jspecify.annotations.NullMarked;
