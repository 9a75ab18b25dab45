package mechinterp.experiments.megabench;

import java.util.Map;
import mechinterp.megabench.Measurement;

/**
 * What was measured of a cell: {@code measurements.json} in its folder.
 *
 * @param version of the definitions, {@link mechinterp.megabench.Metric#VERSION}
 * @param seconds that measuring took
 * @param values by metric
 */
record CellMeasurements(int version, double seconds, Map<String, Measurement.Seed> values) {}
