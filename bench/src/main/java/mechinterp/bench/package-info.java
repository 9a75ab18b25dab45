/** JMH benchmarks: each kernel beside the peak that the machine allows. */
@NullMarked
package mechinterp.bench;

import org.jspecify.annotations.NullMarked;
