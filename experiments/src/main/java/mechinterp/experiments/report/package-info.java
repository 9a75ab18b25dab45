/** Reports as one HTML file: no scripts, no links to elsewhere, figures as inline SVG. */
@NullMarked
package mechinterp.experiments.report;

import org.jspecify.annotations.NullMarked;
