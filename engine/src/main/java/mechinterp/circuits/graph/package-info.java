/**
 * Attribution graphs: which tokens, latents of transcoders and errors made a model predict its next
 * token on one prompt, by direct effects along paths that are linear once attention patterns and
 * norms are held fixed, and the interventions that test them. docs/attribution-graphs.md has the
 * formulas.
 */
@NullMarked
package mechinterp.circuits.graph;

import org.jspecify.annotations.NullMarked;
