package mechinterp.model.stage;

import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.nn.Linear;
import mechinterp.tensor.FloatMatrix;

/**
 * The output of attention, with the hook point of what each head adds to it:
 *
 * <pre>
 *   result_h = z_h W_O_h                          hook_result
 *   out = sum over heads of result_h, + b_O
 * </pre>
 *
 * The results [tokens, heads * d_model] are computed one by one only when a run asks for them, and
 * then in memory of their own.
 */
final class HookedOutput {
  private final Device device;
  private final Kernels kernels;
  private final Linear linear;
  private final int heads;
  private final HookPoint point;

  HookedOutput(Device device, Linear linear, int heads, Place place) {
    this.device = device;
    this.kernels = device.kernels();
    this.linear = linear;
    this.heads = heads;
    this.point = place.of("attn.hook_result");
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    points.put(point, OptionalInt.of(heads * linear.out()));
  }

  /** out [tokens, d_model] of z [tokens, heads * d_head]. */
  void forward(FloatMatrix out, FloatMatrix z, Hooks hooks) {
    if (hooks.wants(point)) {
      forwardByHead(out, z, hooks);
    } else {
      linear.forward(out, z);
    }
  }

  /** Returns whether {@link #addTo} gives the bits of {@link #forward} and an addition. */
  boolean addsExactly(Hooks hooks) {
    return !linear.hasBias() && !hooks.wants(point);
  }

  /** sum [tokens, d_model] += what {@link #forward} makes, where it {@link #addsExactly}. */
  void addTo(FloatMatrix sum, FloatMatrix z) {
    linear.addProduct(sum, z);
  }

  private void forwardByHead(FloatMatrix out, FloatMatrix z, Hooks hooks) {
    FloatMatrix results = device.floats(z.rows(), Math.multiplyExact(heads, linear.out()));
    FloatMatrix alone = device.floats(z.rows(), z.cols());
    for (int head = 0; head < heads; head++) {
      putAlone(alone, z, head);
      linear.product(result(results, head), alone);
    }
    hooks.at(point, results);
    kernels.fill(out, 0);
    for (int head = 0; head < heads; head++) {
      kernels.add(out, out, result(results, head));
    }
    linear.addBias(out);
  }

  /** alone = the columns of one head, and zeros: with all of W_O that is the head's product. */
  private void putAlone(FloatMatrix alone, FloatMatrix z, int head) {
    kernels.fill(alone, 0);
    kernels.copy(columns(alone, head), columns(z, head));
  }

  private FloatMatrix columns(FloatMatrix z, int head) {
    int width = z.cols() / heads;
    return z.columnRange(head * width, (head + 1) * width);
  }

  private FloatMatrix result(FloatMatrix results, int head) {
    return columns(results, head);
  }

  /** dz = the gradient with respect to z. */
  void backward(FloatMatrix dz, FloatMatrix dOut, FloatMatrix z, Hooks hooks) {
    linear.addBiasGradient(dOut);
    if (hooks.wants(point)) {
      backwardByHead(dz, dOut, z, hooks);
    } else {
      linear.addWeightGradient(dOut, z);
      linear.backward(dz, dOut, Write.SET);
    }
  }

  private void backwardByHead(FloatMatrix dz, FloatMatrix dOut, FloatMatrix z, Hooks hooks) {
    FloatMatrix dResults = device.floats(z.rows(), Math.multiplyExact(heads, linear.out()));
    for (int head = 0; head < heads; head++) {
      kernels.copy(result(dResults, head), dOut);
    }
    hooks.at(point, dResults);
    FloatMatrix alone = device.floats(z.rows(), z.cols());
    for (int head = 0; head < heads; head++) {
      putAlone(alone, z, head);
      linear.addWeightGradient(result(dResults, head), alone);
      linear.backward(alone, result(dResults, head), Write.SET);
      kernels.copy(columns(dz, head), columns(alone, head));
    }
  }
}
