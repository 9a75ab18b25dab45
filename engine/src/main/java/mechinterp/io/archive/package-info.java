/**
 * Tensors in the files of PyTorch and NumPy: zip archives with a pickle or with {@code .npy} files.
 * Only what describes tensors and plain values is understood; no code of a file is ever executed.
 */
@NullMarked
package mechinterp.io.archive;

import org.jspecify.annotations.NullMarked;
