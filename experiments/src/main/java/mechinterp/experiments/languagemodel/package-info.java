/** Language models trained from text with our own tokenizer and engine, and what they must beat. */
@NullMarked
package mechinterp.experiments.languagemodel;

import org.jspecify.annotations.NullMarked;
