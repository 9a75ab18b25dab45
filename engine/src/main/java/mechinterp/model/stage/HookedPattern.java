package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
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

  Run begin(RunMemory memory) {
    return new Run(memory.gradients().isPresent());
  }

  private boolean isWanted(Hooks hooks) {
    return hooks.wants(scoresPoint) || hooks.wants(patternPoint);
  }

  /** What attention reads, of one run. */
  record Inputs(FloatMatrix q, FloatMatrix k, FloatMatrix v) {}

  /** The scores and the pattern of a run, with its edits, kept for the way back. */
  private record Shown(FloatMatrix scores, FloatMatrix pattern) {}

  /** The layer in one run. */
  final class Run {
    private final boolean keeps;
    private Optional<Shown> shown = Optional.empty();

    private Run(boolean keeps) {
      this.keeps = keeps;
    }

    void forward(FloatMatrix z, Inputs inputs, BatchInput input, Hooks hooks) {
      if (isWanted(hooks)) {
        forwardShown(z, inputs, input, hooks);
      } else {
        attention.attend(z, inputs.q(), inputs.k(), inputs.v(), input.spans());
      }
    }

    private void forwardShown(FloatMatrix z, Inputs inputs, BatchInput input, Hooks hooks) {
      FloatMatrix scores = newMatrix(inputs, input);
      attention.scores(scores, inputs.q(), inputs.k(), input.spans());
      hooks.at(scoresPoint, scores);
      FloatMatrix pattern = keeps ? newMatrix(inputs, input) : scores;
      attention.pattern(pattern, scores);
      hooks.at(patternPoint, pattern);
      attention.values(z, pattern, inputs.v(), input.spans());
      shown = keeps ? Optional.of(new Shown(scores, pattern)) : Optional.empty();
    }

    private FloatMatrix newMatrix(Inputs inputs, BatchInput input) {
      return device.floats(inputs.q().rows(), Math.multiplyExact(heads, input.maxKeys()));
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
      FloatMatrix gradient = newMatrix(inputs, input);
      attention.valuesBackward(gradient, d.v(), dz, forward.pattern(), inputs.v(), spans);
      hooks.at(patternPoint, gradient);
      // Edits do not count here: softmax goes back with what it made, scores with what they were.
      FloatMatrix unedited = newMatrix(inputs, input);
      attention.pattern(unedited, forward.scores());
      attention.patternBackward(gradient, gradient, unedited);
      hooks.at(scoresPoint, gradient);
      attention.scores(unedited, inputs.q(), inputs.k(), spans);
      attention.scoresBackward(d.q(), d.k(), gradient, unedited, inputs.q(), inputs.k(), spans);
    }

    private Shown shownAgain(Inputs inputs, BatchInput input) {
      FloatMatrix scores = newMatrix(inputs, input);
      FloatMatrix pattern = newMatrix(inputs, input);
      attention.scores(scores, inputs.q(), inputs.k(), input.spans());
      attention.pattern(pattern, scores);
      return new Shown(scores, pattern);
    }
  }
}
