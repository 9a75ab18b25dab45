package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.nn.Attention;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;

/**
 * What attention computes between queries, keys and values, with its hook points:
 *
 * <pre>
 *   scores = scale q k^T, capped and masked        hook_attn_scores
 *   pattern = softmax(scores)                      hook_pattern
 *   z = pattern v
 * </pre>
 *
 * Scores and pattern [tokens, heads * maxKeys] are computed only when a run asks for them, and then
 * in memory of their own.
 */
final class HookedPattern {
  private final Device device;
  private final Attention attention;
  private final int heads;
  private final HookPoint scoresPoint;
  private final HookPoint patternPoint;

  HookedPattern(Device device, Attention attention, int heads, Place place) {
    this.device = device;
    this.attention = attention;
    this.heads = heads;
    this.scoresPoint = place.of("attn.hook_attn_scores");
    this.patternPoint = place.of("attn.hook_pattern");
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    points.put(scoresPoint, OptionalInt.empty());
    points.put(patternPoint, OptionalInt.empty());
  }

  Run begin() {
    return new Run();
  }

  private boolean isWanted(Hooks hooks) {
    return hooks.wants(scoresPoint) || hooks.wants(patternPoint);
  }

  /** What attention reads, of one run. */
  record Inputs(FloatMatrix q, FloatMatrix k, FloatMatrix v) {}

  /** The scores and the pattern of a run, with its edits. */
  private record Shown(FloatMatrix scores, FloatMatrix pattern) {}

  /** The layer in one run. */
  final class Run {
    private Optional<Shown> shown = Optional.empty();

    void forward(FloatMatrix z, Inputs inputs, BatchInput input, Hooks hooks) {
      if (isWanted(hooks)) {
        forwardShown(z, inputs, input, hooks);
      } else {
        attention.attend(z, inputs.q(), inputs.k(), inputs.v(), input.spans());
      }
    }

    private void forwardShown(FloatMatrix z, Inputs inputs, BatchInput input, Hooks hooks) {
      Shown made = newShown(inputs, input);
      attention.scores(made.scores(), inputs.q(), inputs.k(), input.spans());
      hooks.at(scoresPoint, made.scores());
      attention.pattern(made.pattern(), made.scores());
      hooks.at(patternPoint, made.pattern());
      attention.values(z, made.pattern(), inputs.v(), input.spans());
      shown = Optional.of(made);
    }

    private Shown newShown(Inputs inputs, BatchInput input) {
      int cols = Math.multiplyExact(heads, input.maxKeys());
      return new Shown(
          device.floats(inputs.q().rows(), cols), device.floats(inputs.q().rows(), cols));
    }

    /** Computes the gradients with respect to q, k and v. */
    void backward(Inputs d, FloatMatrix dz, Inputs inputs, BatchInput input, Hooks hooks) {
      if (shown.isPresent() || isWanted(hooks)) {
        backwardShown(d, dz, inputs, input, hooks);
      } else {
        attention.attendBackward(
            d.q(), d.k(), d.v(), dz, inputs.q(), inputs.k(), inputs.v(), input.spans());
      }
    }

    private void backwardShown(
        Inputs d, FloatMatrix dz, Inputs inputs, BatchInput input, Hooks hooks) {
      IntMatrix spans = input.spans();
      Shown forward = shown.orElseGet(() -> shownAgain(inputs, input));
      Shown work = newShown(inputs, input);
      FloatMatrix dPattern = work.pattern();
      attention.valuesBackward(dPattern, d.v(), dz, forward.pattern(), inputs.v(), spans);
      hooks.at(patternPoint, dPattern);
      attention.pattern(work.scores(), forward.scores());
      attention.patternBackward(dPattern, dPattern, work.scores());
      hooks.at(scoresPoint, dPattern);
      attention.scores(work.scores(), inputs.q(), inputs.k(), spans);
      attention.scoresBackward(
          d.q(), d.k(), dPattern, work.scores(), inputs.q(), inputs.k(), spans);
    }

    private Shown shownAgain(Inputs inputs, BatchInput input) {
      Shown made = newShown(inputs, input);
      attention.scores(made.scores(), inputs.q(), inputs.k(), input.spans());
      attention.pattern(made.pattern(), made.scores());
      return made;
    }
  }
}
