package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.kernel.Write;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.nn.Linear;
import mechinterp.nn.Rotary;
import mechinterp.nn.RowNorm;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * The queries, the keys or the values of attention, with their hook points; for queries
 *
 * <pre>
 *   q = x W_Q + b_Q                          hook_q
 *   q = q_norm(q), in each head              q_norm.hook_scale, q_norm.hook_normalized
 *   q turned by the token's place            hook_rot_q
 * </pre>
 *
 * of which norm and rotation are there only where the model has them, and never for values.
 */
final class HookedHeads {
  private final String letter;
  private final int heads;
  private final Linear linear;
  private final Optional<HookedNorm> norm;
  private final Optional<Rotary> rotary;
  private final HookPoint point;
  private final HookPoint rotatedPoint;

  /**
   * Makes the layer.
   *
   * @param letter {@code q}, {@code k} or {@code v}
   * @param norm of each head
   */
  HookedHeads(
      String letter,
      int heads,
      Linear linear,
      Optional<RowNorm> norm,
      Optional<Rotary> rotary,
      Place place) {
    this.letter = letter;
    this.heads = heads;
    this.linear = linear;
    this.norm =
        norm.map(n -> HookedNorm.ofHeads(n, "attn." + letter + "_norm", place, heads, letter));
    this.rotary = rotary;
    this.point = place.of("attn.hook_" + letter);
    this.rotatedPoint = place.of("attn.hook_rot_" + letter);
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    points.put(point, OptionalInt.of(linear.out()));
    norm.ifPresent(n -> n.addHookPoints(points));
    rotary.ifPresent(_ -> points.put(rotatedPoint, OptionalInt.of(linear.out())));
  }

  /** Returns the columns that it takes. */
  int dModel() {
    return linear.in();
  }

  /** Returns the columns of all heads. */
  int width() {
    return linear.out();
  }

  Run begin(RunMemory memory) {
    return new Run(memory);
  }

  private FloatMatrix declare(RunMemory memory) {
    return memory.kept("attn." + letter, letter, linear.out());
  }

  /** The layer in one run. */
  final class Run {
    private final FloatMatrix projected;
    private final Optional<FloatMatrix> dProjected;
    private final Optional<HookedNorm.Run> normRun;

    private Run(RunMemory memory) {
      projected = declare(memory);
      dProjected = memory.gradients().map(HookedHeads.this::declare);
      normRun = norm.map(n -> n.begin(memory));
    }

    /** Computes the output of x [tokens, d_model]. */
    void forward(FloatMatrix x, IntMatrix positions, Hooks hooks) {
      linear.forward(projected, x);
      hooks.at(point, projected);
      normRun.ifPresent(run -> run.forward(projected, hooks));
      rotary.ifPresent(r -> rotate(r, positions, hooks));
    }

    private void rotate(Rotary turned, IntMatrix positions, Hooks hooks) {
      turned.forward(output(), output(), positions, heads);
      hooks.at(rotatedPoint, output());
    }

    /** Returns what attention reads [tokens, heads * d_head]. */
    FloatMatrix output() {
      return normRun.map(HookedNorm.Run::output).orElse(projected);
    }

    /** Returns where the gradient with respect to the output goes before {@link #backward}. */
    FloatMatrix dOutput() {
      return normRun.map(HookedNorm.Run::dOutput).orElseGet(dProjected::orElseThrow);
    }

    /** dx = the gradient with respect to x, or dx += it. */
    void backward(FloatMatrix dx, FloatMatrix x, IntMatrix positions, Hooks hooks, Write write) {
      FloatMatrix d = dOutput();
      rotary.ifPresent(r -> rotateBack(r, d, positions, hooks));
      FloatMatrix dq = normRun.map(run -> run.backward(d, projected, hooks)).orElse(d);
      hooks.at(point, dq);
      linear.addGradients(dq, x);
      linear.backward(dx, dq, write);
    }

    private void rotateBack(Rotary turned, FloatMatrix d, IntMatrix positions, Hooks hooks) {
      hooks.at(rotatedPoint, d);
      turned.backward(d, d, positions, heads);
    }
  }
}
