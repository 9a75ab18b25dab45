package mechinterp.experiments.comparison;

import java.util.Map;

/**
 * What was measured on the test activations: {@code figures.json} in a cell's folder.
 *
 * @param version of what is measured; figures of another one are measured again
 * @param values by name
 */
record Figures(int version, Map<String, Double> values) {}
