/** When to ask a server again, and how long to wait before it. */
@NullMarked
package mechinterp.io.http;

import org.jspecify.annotations.NullMarked;
