/**
 * Metrics of autoencoders, exact sums over a stream of tokens: each has its definition and version
 * in docs/metrics.md.
 */
@NullMarked
package mechinterp.metrics;

import org.jspecify.annotations.NullMarked;
