package mechinterp.experiments.comparison;

/**
 * What one training came to: {@code training.json} in a cell's folder.
 *
 * @param cell what it was
 * @param validationFvu FVU of the validation activations
 * @param trainingSeconds wall time of the training
 */
record TrainedCell(Cell cell, double validationFvu, double trainingSeconds) {}
