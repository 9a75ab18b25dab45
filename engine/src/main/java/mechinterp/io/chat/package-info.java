/**
 * Language models behind servers that speak OpenAI's chat completions, as llama.cpp's, vLLM's and
 * Ollama's do, and a log of all that was asked of them.
 */
@NullMarked
package mechinterp.io.chat;

import org.jspecify.annotations.NullMarked;
