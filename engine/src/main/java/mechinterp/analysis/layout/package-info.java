/** A map of a dictionary: its latents in the plane, those with similar decoder rows together. */
@NullMarked
package mechinterp.analysis.layout;

import org.jspecify.annotations.NullMarked;
