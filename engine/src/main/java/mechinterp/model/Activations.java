package mechinterp.model;

import java.util.Map;
import java.util.Optional;
import mechinterp.tensor.FloatMatrix;

/** What a run captured: copies on the model's device, which the caller owns. */
public final class Activations {
  private final Map<HookPoint, FloatMatrix> captured;
  private final Optional<FloatMatrix> output;

  Activations(Map<HookPoint, FloatMatrix> captured, Optional<FloatMatrix> output) {
    this.captured = Map.copyOf(captured);
    this.output = output;
  }

  /**
   * Returns the activation at a hook point [tokens, width].
   *
   * @throws IllegalArgumentException when the run was not asked to capture it
   */
  public FloatMatrix at(HookPoint point) {
    FloatMatrix activation = captured.get(point);
    if (activation == null) {
      throw new IllegalArgumentException(
          "activations: %s was not captured; captured are %s"
              .formatted(
                  point, captured.keySet().stream().map(HookPoint::toString).sorted().toList()));
    }
    return activation;
  }

  /**
   * Returns the final hidden state [tokens, d_model].
   *
   * @throws IllegalStateException when the run was {@link Transformer#capture}, which stops early
   */
  public FloatMatrix output() {
    return output.orElseThrow(
        () -> new IllegalStateException("activations: a capture has no output; use run"));
  }
}
