package mechinterp.model.stage;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.model.Stage;
import mechinterp.model.StageRun;
import mechinterp.nn.Embedding;
import mechinterp.nn.RowNorm;
import mechinterp.nn.Weight;
import mechinterp.tensor.FloatMatrix;

/**
 * The beginning of the residual stream:
 *
 * <pre>
 *   sum = scale W_E[id]                   hook_embed
 *         + W_pos[place]                  hook_pos_embed
 *         + W_token_type[0]               hook_token_type_embed
 *   out = sum, or ln(sum)                 hook_full_embed
 * </pre>
 *
 * of which the token alone is always there. Where there is a norm, as in BERT, the hook points of
 * the parts begin with {@code embed.}, as in TransformerLens.
 */
final class EmbeddingStage implements Stage {
  private static final HookPoint FULL = HookPoint.outside("hook_full_embed");

  private final Kernels kernels;
  private final Parts parts;
  private final Optional<HookedNorm> norm;
  private final HookPoint tokenPoint;
  private final HookPoint positionPoint;
  private final HookPoint typePoint;

  /**
   * What the stream begins with.
   *
   * @param tokens W_E
   * @param scale its factor
   * @param positions W_pos
   * @param types W_token_type [types, d_model]
   * @param norm of the sum
   */
  record Parts(
      Embedding tokens,
      float scale,
      Optional<Embedding> positions,
      Optional<Weight> types,
      Optional<RowNorm> norm) {}

  EmbeddingStage(Kernels kernels, Parts parts) {
    String prefix = parts.norm().isPresent() ? "embed." : "";
    this.kernels = kernels;
    this.parts = parts;
    this.norm = parts.norm().map(n -> HookedNorm.ofRows(n, "embed.ln", Place.outside()));
    this.tokenPoint = HookPoint.outside(prefix + "hook_embed");
    this.positionPoint = HookPoint.outside(prefix + "hook_pos_embed");
    this.typePoint = HookPoint.outside(prefix + "hook_token_type_embed");
  }

  private int dModel() {
    return parts.tokens().width();
  }

  @Override
  public SequencedMap<HookPoint, OptionalInt> hookPoints() {
    OptionalInt width = OptionalInt.of(dModel());
    SequencedMap<HookPoint, OptionalInt> points = new LinkedHashMap<>();
    points.put(tokenPoint, width);
    parts.positions().ifPresent(_ -> points.put(positionPoint, width));
    parts.types().ifPresent(_ -> points.put(typePoint, width));
    norm.ifPresent(n -> n.addHookPoints(points));
    norm.ifPresent(_ -> points.put(FULL, width));
    return points;
  }

  @Override
  public StageRun begin(RunMemory memory) {
    return new Run(memory);
  }

  private final class Run implements StageRun {
    private final Optional<HookedNorm.Run> normRun;
    private final FloatMatrix normInput;
    private final FloatMatrix part;
    private final Optional<FloatMatrix> dPart;

    private Run(RunMemory memory) {
      normRun = norm.map(n -> n.begin(memory));
      normInput =
          norm.isPresent()
              ? memory.kept("sum", Matrices.BRANCH, dModel())
              : memory.shared(Matrices.BRANCH, dModel());
      part = memory.shared(Matrices.NORMALIZED, dModel());
      dPart = memory.gradients().map(d -> d.shared(Matrices.BRANCH, dModel()));
    }

    @Override
    public void forward(FloatMatrix out, FloatMatrix x, BatchInput input, Hooks hooks) {
      if (normRun.isPresent()) {
        sum(normInput, input, hooks);
        normRun.get().forward(normInput, hooks);
        kernels.copy(out, normRun.get().output());
        hooks.at(FULL, out);
      } else {
        sum(out, input, hooks);
      }
    }

    private void sum(FloatMatrix sum, BatchInput input, Hooks hooks) {
      parts.tokens().forward(sum, input.ids());
      kernels.scale(sum, sum, parts.scale());
      hooks.at(tokenPoint, sum);
      parts.positions().ifPresent(positions -> addPositions(sum, positions, input, hooks));
      parts.types().ifPresent(types -> addType(sum, types, hooks));
    }

    private void addPositions(FloatMatrix sum, Embedding positions, BatchInput input, Hooks hooks) {
      positions.forward(part, input.positions());
      hooks.at(positionPoint, part);
      kernels.add(sum, sum, part);
    }

    private void addType(FloatMatrix sum, Weight types, Hooks hooks) {
      kernels.fill(part, 0);
      kernels.addRow(part, part, types.value().row(0), 1);
      hooks.at(typePoint, part);
      kernels.add(sum, sum, part);
    }

    @Override
    public void backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      normRun.ifPresent(run -> backwardNorm(run, gradient, hooks));
      parts.types().ifPresent(types -> backwardType(gradient, types, hooks));
      parts.positions().ifPresent(p -> backwardPositions(gradient, p, input, hooks));
      FloatMatrix d = atPart(tokenPoint, gradient, hooks);
      kernels.scale(d, d, parts.scale());
      parts.tokens().addGradients(d, input.ids());
    }

    private void backwardNorm(HookedNorm.Run run, FloatMatrix gradient, Hooks hooks) {
      hooks.at(FULL, gradient);
      kernels.copy(gradient, run.backward(gradient, normInput, hooks));
    }

    private void backwardType(FloatMatrix gradient, Weight types, Hooks hooks) {
      FloatMatrix d = atPart(typePoint, gradient, hooks);
      types
          .parameter()
          .ifPresent(parameter -> kernels.sumRows(parameter.gradient().row(0), d, Write.ADD));
    }

    private void backwardPositions(
        FloatMatrix gradient, Embedding positions, BatchInput input, Hooks hooks) {
      positions.addGradients(atPart(positionPoint, gradient, hooks), input.positions());
    }

    /** Returns the gradient of the sum as it arrives at one of its parts. */
    private FloatMatrix atPart(HookPoint point, FloatMatrix gradient, Hooks hooks) {
      FloatMatrix d = dPart.orElseThrow();
      kernels.copy(d, gradient);
      hooks.at(point, d);
      return d;
    }
  }
}
