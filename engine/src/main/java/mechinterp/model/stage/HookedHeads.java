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
 *   q = norm(x) W_Q + b_Q                    hook_q; x of each head: hook_q_input
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
  private final Optional<HookedInputs> inputs;
  private final Optional<HookedNorm> norm;
  private final Optional<Rotary> rotary;
  private final HookPoint point;
  private final HookPoint rotatedPoint;

  /**
   * Makes the layer.
   *
   * @param letter {@code q}, {@code k} or {@code v}
   * @param inputs what each head reads before the block's norm, where that stands before attention
   * @param norm of each head
   */
  HookedHeads(
      String letter,
      int heads,
      Linear linear,
      Optional<HookedInputs> inputs,
      Optional<RowNorm> norm,
      Optional<Rotary> rotary,
      Place place) {
    this.letter = letter;
    this.heads = heads;
    this.linear = linear;
    this.inputs = inputs;
    this.norm =
        norm.map(n -> HookedNorm.ofHeads(n, "attn." + letter + "_norm", place, heads, letter));
    this.rotary = rotary;
    this.point = place.of("attn.hook_" + letter);
    this.rotatedPoint = place.of("attn.hook_rot_" + letter);
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    inputs.ifPresent(i -> i.addHookPoints(points));
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
    private final Optional<HookedInputs.Run> inputsRun;
    private final Optional<HookedNorm.Run> normRun;
    private Optional<FloatMatrix> dProjection = Optional.empty();

    private Run(RunMemory memory) {
      projected = declare(memory);
      dProjected = memory.gradients().map(HookedHeads.this::declare);
      inputsRun = inputs.map(HookedInputs::begin);
      normRun = norm.map(n -> n.begin(memory));
    }

    /** Computes the output of x. */
    void forward(LayerInput x, IntMatrix positions, Hooks hooks) {
      inputsRun.ifPresent(run -> run.forward(x.stream(), hooks));
      inputsRun
          .flatMap(HookedInputs.Run::edited)
          .ifPresentOrElse(this::projectEdited, () -> linear.forward(projected, x.normed()));
      hooks.at(point, projected);
      normRun.ifPresent(run -> run.forward(projected, hooks));
      rotary.ifPresent(r -> rotate(r, positions, hooks));
    }

    private void projectEdited(FloatMatrix edited) {
      inputsRun.orElseThrow().project(projected, edited);
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

    /** dx = the gradient with respect to the normed x, or dx += it. */
    void backward(FloatMatrix dx, LayerInput x, IntMatrix positions, Hooks hooks, Write write) {
      FloatMatrix d = dOutput();
      rotary.ifPresent(r -> rotateBack(r, d, positions, hooks));
      FloatMatrix dq = normRun.map(run -> run.backward(d, projected, hooks)).orElse(d);
      hooks.at(point, dq);
      dProjection = Optional.of(dq);
      inputsRun
          .filter(run -> run.isWayBack(hooks))
          .ifPresentOrElse(
              run -> run.leaveOut(dx, write), () -> backwardNormed(dx, dq, x.normed(), write));
    }

    private void backwardNormed(FloatMatrix dx, FloatMatrix dq, FloatMatrix normed, Write write) {
      linear.addGradients(dq, normed);
      linear.backward(dx, dq, write);
    }

    /** dStream += the gradient that goes past the block's norm, after {@link #backward}. */
    void addStreamGradients(FloatMatrix dStream, LayerInput x, Hooks hooks) {
      inputsRun.ifPresent(
          run -> run.backward(dStream, dProjection.orElseThrow(), x.stream(), hooks));
    }

    private void rotateBack(Rotary turned, FloatMatrix d, IntMatrix positions, Hooks hooks) {
      hooks.at(rotatedPoint, d);
      turned.backward(d, d, positions, heads);
    }
  }
}
