package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.nn.Linear;
import mechinterp.nn.RowNorm;
import mechinterp.tensor.FloatMatrix;

/**
 * What each head of q, k or v reads of the residual stream x, before the block's norm; for queries
 *
 * <pre>
 *   input_h = x                                  hook_q_input
 *   q_h = (norm(input_h) W_Q + b_Q)_h
 * </pre>
 *
 * so that a run can change what one head reads. While no run does, the heads share one norm of x;
 * the inputs [tokens, heads * d_model] are made only when a run asks for them, and then in memory
 * of their own. Their norms have no hook points, but what a run does to the gradient of the shared
 * norm's scale it does to that of theirs.
 */
final class HookedInputs {
  private final Device device;
  private final Kernels kernels;
  private final RowNorm norm;
  private final Linear linear;
  private final int heads;
  private final HookPoint point;
  private final HookPoint scalePoint;

  /**
   * Makes the inputs.
   *
   * @param point of the inputs
   * @param scalePoint of the scale of the norm that heads share
   */
  HookedInputs(
      Device device,
      RowNorm norm,
      Linear linear,
      int heads,
      HookPoint point,
      HookPoint scalePoint) {
    this.device = device;
    this.kernels = device.kernels();
    this.norm = norm;
    this.linear = linear;
    this.heads = heads;
    this.point = point;
    this.scalePoint = scalePoint;
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    points.put(point, OptionalInt.of(Math.multiplyExact(heads, norm.width())));
  }

  Run begin() {
    return new Run();
  }

  private FloatMatrix repeated(FloatMatrix x) {
    FloatMatrix inputs = device.floats(x.rows(), Math.multiplyExact(heads, norm.width()));
    for (int head = 0; head < heads; head++) {
      kernels.copy(ofHead(inputs, head), x);
    }
    return inputs;
  }

  private FloatMatrix ofHead(FloatMatrix matrix, int head) {
    int width = matrix.cols() / heads;
    return matrix.columnRange(head * width, (head + 1) * width);
  }

  /** The inputs in one run. */
  final class Run {
    private Optional<FloatMatrix> edited = Optional.empty();

    /** Shows the inputs to the run. */
    void forward(FloatMatrix x, Hooks hooks) {
      edited = Optional.empty();
      if (hooks.wants(point)) {
        FloatMatrix inputs = repeated(x);
        boolean changes = hooks.edits(point);
        hooks.at(point, inputs);
        edited = changes ? Optional.of(inputs) : Optional.empty();
      }
    }

    /** Returns the inputs where the run has changed them. */
    Optional<FloatMatrix> edited() {
      return edited;
    }

    /** projected [tokens, heads * d_head] = the heads of changed inputs. */
    void project(FloatMatrix projected, FloatMatrix inputs) {
      FloatMatrix all = device.floats(projected.rows(), projected.cols());
      for (int head = 0; head < heads; head++) {
        Normed normed = new Normed(ofHead(inputs, head));
        linear.forward(all, normed.output);
        kernels.copy(ofHead(projected, head), ofHead(all, head));
      }
    }

    /** Returns whether gradients go back by the inputs, and not by the norm that heads share. */
    boolean isWayBack(Hooks hooks) {
      return edited.isPresent() || hooks.edits(point);
    }

    /** dx = 0 where the gradient that is left out would have been written. */
    void leaveOut(FloatMatrix dx, Write write) {
      if (write == Write.SET) {
        kernels.fill(dx, 0);
      }
    }

    /**
     * Shows the gradients of the inputs to the run, and adds them to dx where they are the way
     * back.
     *
     * @param dProjected with respect to what the heads made [tokens, heads * d_head]
     * @param x as it was in {@link #forward}
     */
    void backward(FloatMatrix dx, FloatMatrix dProjected, FloatMatrix x, Hooks hooks) {
      if (!hooks.wants(point) && edited.isEmpty()) {
        return;
      }
      boolean isWayBack = isWayBack(hooks);
      FloatMatrix gradients = device.floats(x.rows(), Math.multiplyExact(heads, norm.width()));
      FloatMatrix inputs = edited.orElseGet(() -> repeated(x));
      FloatMatrix alone = device.floats(dProjected.rows(), dProjected.cols());
      for (int head = 0; head < heads; head++) {
        kernels.fill(alone, 0);
        kernels.copy(ofHead(alone, head), ofHead(dProjected, head));
        Normed normed = new Normed(ofHead(inputs, head));
        normed.backward(ofHead(gradients, head), alone, isWayBack, hooks);
      }
      hooks.at(point, gradients);
      for (int head = 0; isWayBack && head < heads; head++) {
        kernels.add(dx, dx, ofHead(gradients, head));
      }
    }
  }

  /** The norm of one head's input. */
  private final class Normed {
    private final FloatMatrix x;
    private final FloatMatrix scale;
    private final FloatMatrix normalized;
    private final FloatMatrix output;

    Normed(FloatMatrix x) {
      this.x = x;
      scale = device.floats(x.rows(), 1);
      normalized = device.floats(x.rows(), x.cols());
      norm.scale(scale, x);
      norm.normalize(normalized, x, scale);
      output = norm.normalizedIsOutput() ? normalized : device.floats(x.rows(), x.cols());
      norm.output(output, normalized);
    }

    /** dx = the gradient with respect to x; and that of the parameters where it is wanted. */
    void backward(FloatMatrix dx, FloatMatrix dProjected, boolean ofParameters, Hooks hooks) {
      FloatMatrix dScale = device.floats(x.rows(), 1);
      FloatMatrix d = device.floats(x.rows(), x.cols());
      linear.backward(d, dProjected, Write.SET);
      if (ofParameters) {
        linear.addGradients(dProjected, output);
        norm.addOutputGradients(d, normalized, dScale);
      }
      norm.outputBackward(d, d);
      if (ofParameters) {
        norm.addNormalizeGradients(d, x, scale);
      }
      norm.normalizeBackward(d, dScale, d, x, scale);
      hooks.edit(scalePoint, dScale);
      norm.scaleBackward(d, dScale, x, scale);
      kernels.copy(dx, d);
    }
  }
}
