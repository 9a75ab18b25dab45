package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.nn.Mlp;
import mechinterp.tensor.FloatMatrix;

/**
 * The feed-forward layer with its hook points: {@code hook_pre}, {@code hook_pre_linear} where it
 * is gated, {@code hook_post}.
 */
final class HookedMlp implements HookedLayer {
  private final Mlp mlp;
  private final HookPoint prePoint;
  private final HookPoint preLinearPoint;
  private final HookPoint postPoint;

  HookedMlp(Mlp mlp, Place place) {
    this.mlp = mlp;
    this.prePoint = place.of("mlp.hook_pre");
    this.preLinearPoint = place.of("mlp.hook_pre_linear");
    this.postPoint = place.of("mlp.hook_post");
  }

  @Override
  public void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    OptionalInt width = OptionalInt.of(mlp.dMlp());
    points.put(prePoint, width);
    if (mlp.isGated()) {
      points.put(preLinearPoint, width);
    }
    points.put(postPoint, width);
  }

  @Override
  public Run begin(RunMemory memory) {
    return new Run(memory);
  }

  private Values declare(RunMemory memory) {
    return new Values(
        memory.kept("mlp.pre", "pre", mlp.dMlp()),
        mlp.isGated()
            ? Optional.of(memory.kept("mlp.preLinear", "preLinear", mlp.dMlp()))
            : Optional.empty(),
        memory.keptForParameters("mlp.post", "pre", mlp.dMlp()));
  }

  /** The inside of the layer [tokens, d_mlp]. */
  private record Values(FloatMatrix pre, Optional<FloatMatrix> preLinear, FloatMatrix post) {}

  /** The layer in one run. */
  final class Run implements HookedLayer.Run {
    private final Values values;
    private final Optional<Values> gradients;
    private final Optional<FloatMatrix> dInput;

    private Run(RunMemory memory) {
      values = declare(memory);
      gradients = memory.gradients().map(HookedMlp.this::declare);
      dInput = memory.gradients().map(d -> d.shared(Matrices.INPUT, mlp.dModel()));
    }

    @Override
    public void forward(FloatMatrix out, LayerInput x, BatchInput input, Hooks hooks) {
      activate(x.normed(), hooks);
      mlp.output(out, values.post());
    }

    @Override
    public boolean addsExactly(Hooks hooks) {
      return mlp.hasAddedOutput();
    }

    @Override
    public void addTo(FloatMatrix sum, LayerInput x, BatchInput input, Hooks hooks) {
      activate(x.normed(), hooks);
      mlp.addOutput(sum, values.post());
    }

    private void activate(FloatMatrix x, Hooks hooks) {
      mlp.pre(values.pre(), x);
      hooks.at(prePoint, values.pre());
      if (preLinearIsRead(hooks)) {
        values.preLinear().ifPresent(linear -> preLinear(linear, x, hooks));
        mlp.post(values.post(), values.pre(), values.preLinear());
      } else {
        mlp.gatedPost(values.post(), values.pre(), x);
      }
      hooks.at(postPoint, values.post());
    }

    /** Hooks and the backward pass read it. */
    private boolean preLinearIsRead(Hooks hooks) {
      return !mlp.hasGatedPost() || gradients.isPresent() || hooks.wants(preLinearPoint);
    }

    private void preLinear(FloatMatrix preLinear, FloatMatrix x, Hooks hooks) {
      mlp.preLinear(preLinear, x);
      hooks.at(preLinearPoint, preLinear);
    }

    @Override
    public FloatMatrix backward(FloatMatrix dOut, LayerInput x, BatchInput input, Hooks hooks) {
      Values d = gradients.orElseThrow();
      FloatMatrix dx = dInput.orElseThrow();
      mlp.addOutputGradients(dOut, values.post());
      mlp.outputBackward(d.post(), dOut);
      hooks.at(postPoint, d.post());
      mlp.postBackward(d.pre(), d.preLinear(), d.post(), values.pre(), values.preLinear());
      d.preLinear().ifPresent(linear -> hooks.at(preLinearPoint, linear));
      hooks.at(prePoint, d.pre());
      mlp.addPreGradients(d.pre(), d.preLinear(), x.normed());
      mlp.preBackward(dx, d.pre(), d.preLinear());
      return dx;
    }

    @Override
    public void addStreamGradients(FloatMatrix dStream, LayerInput x, Hooks hooks) {
      // Nothing goes past the norm: hook_mlp_in is the branch's.
    }
  }
}
