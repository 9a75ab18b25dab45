package mechinterp.experiments.comparison;

import java.nio.file.Path;
import java.util.Map;

/**
 * A training that is reported.
 *
 * @param figures of the test activations by name
 * @param trainingSeconds wall time of the training
 * @param sae the autoencoder's folder
 */
record ReportedCell(Map<String, Double> figures, double trainingSeconds, Path sae) {}
