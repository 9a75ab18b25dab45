/** Llama and its like: Mistral, Qwen 2 and 3, SmolLM2. */
@NullMarked
package mechinterp.model.llama;

import org.jspecify.annotations.NullMarked;
