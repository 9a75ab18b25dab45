package mechinterp.model;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;

/**
 * A forward run that keeps what its backward passes need, until it is closed. Made by {@link
 * Transformer#runForGradients}.
 *
 * <p>An edit of an activation counts as adding a constant: gradients pass it unchanged, unless the
 * gradient itself is edited.
 */
public final class GradientRun implements AutoCloseable {
  private final Transformer model;
  private final TokenBatch batch;
  private final BatchInput input;
  private final Pass pass;
  private final Activations activations;
  private final Runnable giveBack;
  private boolean closed;

  GradientRun(
      Transformer model,
      TokenBatch batch,
      BatchInput input,
      Pass pass,
      Activations activations,
      Runnable giveBack) {
    this.model = model;
    this.batch = batch;
    this.input = input;
    this.pass = pass;
    this.activations = activations;
    this.giveBack = giveBack;
  }

  /** Returns the final hidden state [tokens, d_model]; the caller's own. */
  public FloatMatrix output() {
    return activations.output();
  }

  /**
   * Returns the activation at a hook point that the run captured.
   *
   * @throws IllegalArgumentException when the run was not asked to capture it
   */
  public FloatMatrix at(HookPoint point) {
    return activations.at(point);
  }

  /**
   * Goes back through the model as far as the last gradient that is wanted, or to its beginning
   * where the model is trainable, and adds to its parameters' gradients. May be called again with
   * another gradient.
   *
   * @param dOutput the gradient of a loss with respect to {@link #output} [tokens, d_model]
   * @param gradientsOf where to keep the gradient of the loss with respect to the activation
   * @param gradientEdits what to do to gradients on their way; what comes before sees the change,
   *     and so does what is kept at the same place
   * @return the gradients at {@code gradientsOf}
   * @throws IllegalArgumentException when a hook point does not exist or dOutput has another shape
   * @throws IllegalStateException when the run is closed
   */
  public Activations backward(
      FloatMatrix dOutput, Set<HookPoint> gradientsOf, Map<HookPoint, Edit> gradientEdits) {
    if (closed) {
      throw new IllegalStateException("gradient run: it is closed; go back before closing it");
    }
    model.requireHooks(gradientsOf);
    model.requireHooks(gradientEdits.keySet());
    Device device = model.device();
    RunHooks hooks = new RunHooks(device, batch, gradientsOf, gradientEdits, model.isTrainable());
    pass.backward(device.kernels(), dOutput, input, hooks);
    return new Activations(hooks.captured(), Optional.empty());
  }

  /** Goes back to the model's beginning for the gradients of its parameters. */
  public void backward(FloatMatrix dOutput) {
    var _ = backward(dOutput, Set.of(), Map.of());
  }

  /** Gives the memory back to the model. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      giveBack.run();
    }
  }
}
