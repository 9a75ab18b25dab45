/**
 * What the latents of an autoencoder mean: where they are active, how often and how strongly, and
 * which others are near. docs/analysis.md has the definitions.
 */
@NullMarked
package mechinterp.analysis;

import org.jspecify.annotations.NullMarked;
