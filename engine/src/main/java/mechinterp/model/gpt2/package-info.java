/** GPT-2. */
@NullMarked
package mechinterp.model.gpt2;

import org.jspecify.annotations.NullMarked;
