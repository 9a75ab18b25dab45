package mechinterp.training;

import java.util.List;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.optim.ParameterState;
import mechinterp.tensor.FloatMatrix;

/**
 * What the rest of a run depends on besides the step it is at. Parameters, matrices and numbers are
 * the live ones: restoring writes into them.
 *
 * @param settings of the run; equal settings have equal JSON
 * @param data identity of what it learns from
 * @param device that holds the parameters
 * @param parameters with their moments
 * @param matrices further matrices by name, on the device
 * @param numbers further numbers by name, on the host
 */
record TrainingState(
    Object settings,
    String data,
    Device device,
    List<ParameterState> parameters,
    Map<String, FloatMatrix> matrices,
    Map<String, long[]> numbers) {}
