/**
 * Models from elsewhere: the Hugging Face Hub and its cache, which is shared with Python's {@code
 * huggingface_hub}, and Python packages that carry a model.
 */
@NullMarked
package mechinterp.io.hub;

import org.jspecify.annotations.NullMarked;
