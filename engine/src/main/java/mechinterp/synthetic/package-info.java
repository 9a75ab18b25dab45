/**
 * Activations whose true features are known, as SynthSAEBench describes them (arXiv 2602.14687):
 * what an autoencoder finds in them can be measured against the truth.
 */
@NullMarked
package mechinterp.synthetic;

import org.jspecify.annotations.NullMarked;
