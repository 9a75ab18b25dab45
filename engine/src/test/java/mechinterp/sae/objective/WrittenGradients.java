package mechinterp.sae.objective;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import mechinterp.device.Device;
import mechinterp.sae.SaeParameter;
import mechinterp.tensor.FloatMatrix;

/** The gradients of an objective's last loss, written out on the host. */
final class WrittenGradients {
  private final Map<String, float[]> values = new HashMap<>();

  private WrittenGradients() {}

  static WrittenGradients of(SaeObjective objective) {
    WrittenGradients written = new WrittenGradients();
    Device device = objective.sae().device();
    Map<String, SaeGradient> gradients = objective.gradients();
    for (SaeParameter parameter : objective.sae().parameters()) {
      SaeGradient gradient = Objects.requireNonNull(gradients.get(parameter.name()));
      FloatMatrix dense =
          switch (gradient) {
            case SaeGradient.Dense given -> given.values();
            case SaeGradient.Sparse sparse -> {
              FloatMatrix sum = device.floats(parameter.value().rows(), parameter.value().cols());
              device.kernels().sparseGradient(sum, sparse.terms());
              yield sum;
            }
          };
      written.values.put(parameter.name(), device.toHost(dense));
    }
    return written;
  }

  float[] get(String name) {
    return Objects.requireNonNull(values.get(name));
  }
}
