/** Files: formats that others read and write too, and writing that appears whole or not at all. */
@NullMarked
package mechinterp.io;

import org.jspecify.annotations.NullMarked;
