/**
 * Files about latents that <a href="https://neuronpedia.org">Neuronpedia</a> imports and exports,
 * and those of SAEDashboard from which they are made.
 */
@NullMarked
package mechinterp.analysis.neuronpedia;

import org.jspecify.annotations.NullMarked;
