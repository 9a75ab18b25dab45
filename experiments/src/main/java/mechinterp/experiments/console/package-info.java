/** What the command line shows: results, errors in one line, progress, tables. */
@NullMarked
package mechinterp.experiments.console;

import org.jspecify.annotations.NullMarked;
