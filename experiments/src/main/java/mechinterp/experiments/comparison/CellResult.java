package mechinterp.experiments.comparison;

import java.util.Map;

/**
 * What one training came to: the content of a cell's file.
 *
 * @param cell what it was
 * @param validationFvu FVU of the validation activations
 * @param test figures of the test activations by name
 * @param trainingSeconds wall time of the training
 */
record CellResult(
    Cell cell, double validationFvu, Map<String, Double> test, double trainingSeconds) {}
