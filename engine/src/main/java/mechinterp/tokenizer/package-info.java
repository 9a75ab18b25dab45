/** Text to token ids and back to the places in the text. */
@NullMarked
package mechinterp.tokenizer;

import org.jspecify.annotations.NullMarked;
