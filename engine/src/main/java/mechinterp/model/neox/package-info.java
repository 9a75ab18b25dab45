/** GPT-NeoX and the Pythia models. */
@NullMarked
package mechinterp.model.neox;

import org.jspecify.annotations.NullMarked;
