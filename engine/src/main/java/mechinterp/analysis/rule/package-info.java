/**
 * What latents mean, said in rules and judged without a reader: the tokens and n-grams on which
 * they fire, found on one half of a text and scored on the other. docs/analysis.md has the
 * definitions.
 */
@NullMarked
package mechinterp.analysis.rule;

import org.jspecify.annotations.NullMarked;
