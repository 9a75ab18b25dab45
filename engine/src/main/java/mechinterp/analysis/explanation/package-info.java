/**
 * Explanations of latents by a language model, the judge, and how well it can work with them:
 * detection, fuzzing and intruder scores.
 */
@NullMarked
package mechinterp.analysis.explanation;

import org.jspecify.annotations.NullMarked;
