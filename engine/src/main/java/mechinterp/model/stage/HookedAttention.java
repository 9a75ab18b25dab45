package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.kernel.Kernels;
import mechinterp.kernel.Write;
import mechinterp.model.BatchInput;
import mechinterp.model.CacheRows;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.tensor.FloatMatrix;

/** Multi-head attention with its hook points: heads of q, k and v, their pattern, the output. */
final class HookedAttention implements HookedLayer {
  private final Kernels kernels;
  private final int layer;
  private final HookedHeads query;
  private final HookedHeads key;
  private final HookedHeads value;
  private final HookedPattern pattern;
  private final HookedOutput output;
  private final HookPoint zPoint;
  private final int dModel;
  private final int zWidth;

  HookedAttention(
      Kernels kernels,
      int layer,
      HookedHeads query,
      HookedHeads key,
      HookedHeads value,
      HookedPattern pattern,
      HookedOutput output) {
    this.kernels = kernels;
    this.layer = layer;
    this.query = query;
    this.key = key;
    this.value = value;
    this.pattern = pattern;
    this.output = output;
    this.zPoint = Place.block(layer).of("attn.hook_z");
    this.dModel = query.dModel();
    this.zWidth = query.width();
  }

  @Override
  public void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    query.addHookPoints(points);
    key.addHookPoints(points);
    value.addHookPoints(points);
    pattern.addHookPoints(points);
    points.put(zPoint, OptionalInt.of(zWidth));
    output.addHookPoints(points);
  }

  @Override
  public Run begin(RunMemory memory) {
    return new Run(memory);
  }

  /** The gradients with respect to z [tokens, heads * d_head] and x [tokens, d_model]. */
  private record Gradients(FloatMatrix z, FloatMatrix x) {}

  private Gradients declareGradients(RunMemory memory) {
    return new Gradients(memory.shared("z", zWidth), memory.shared(Matrices.INPUT, dModel));
  }

  /** The layer in one run. */
  final class Run implements HookedLayer.Run {
    private final HookedHeads.Run q;
    private final HookedHeads.Run k;
    private final HookedHeads.Run v;
    private final HookedPattern.Run patternRun;
    private final FloatMatrix z;
    private final Optional<Gradients> gradients;

    private Run(RunMemory memory) {
      q = query.begin(memory);
      k = key.begin(memory);
      v = value.begin(memory);
      patternRun = pattern.begin(memory);
      z = memory.keptForParameters("attn.z", "z", zWidth);
      gradients = memory.gradients().map(HookedAttention.this::declareGradients);
    }

    @Override
    public void forward(FloatMatrix out, LayerInput x, BatchInput input, Hooks hooks) {
      attend(x, input, hooks);
      output.forward(out, z, hooks);
    }

    @Override
    public boolean addsExactly(Hooks hooks) {
      return output.addsExactly(hooks);
    }

    @Override
    public void addTo(FloatMatrix sum, LayerInput x, BatchInput input, Hooks hooks) {
      attend(x, input, hooks);
      output.addTo(sum, z);
    }

    private void attend(LayerInput x, BatchInput input, Hooks hooks) {
      q.forward(x, input.positions(), hooks);
      k.forward(x, input.positions(), hooks);
      v.forward(x, input.positions(), hooks);
      patternRun.forward(z, inputs(input), input, hooks);
      hooks.at(zPoint, z);
    }

    private HookedPattern.Inputs inputs(BatchInput input) {
      return input.cache().map(this::withCache).orElseGet(this::inputs);
    }

    private HookedPattern.Inputs inputs() {
      return new HookedPattern.Inputs(q.output(), k.output(), v.output());
    }

    private HookedPattern.Inputs withCache(CacheRows cache) {
      cache.append(kernels, layer, k.output(), v.output());
      return new HookedPattern.Inputs(q.output(), cache.keys(layer), cache.values(layer));
    }

    @Override
    public FloatMatrix backward(FloatMatrix dOut, LayerInput x, BatchInput input, Hooks hooks) {
      Gradients d = gradients.orElseThrow();
      output.backward(d.z(), dOut, z, hooks);
      hooks.at(zPoint, d.z());
      HookedPattern.Inputs dInputs =
          new HookedPattern.Inputs(q.dOutput(), k.dOutput(), v.dOutput());
      patternRun.backward(dInputs, d.z(), inputs(), input, hooks);
      v.backward(d.x(), x, input.positions(), hooks, Write.SET);
      k.backward(d.x(), x, input.positions(), hooks, Write.ADD);
      q.backward(d.x(), x, input.positions(), hooks, Write.ADD);
      return d.x();
    }

    @Override
    public void addStreamGradients(FloatMatrix dStream, LayerInput x, Hooks hooks) {
      v.addStreamGradients(dStream, x, hooks);
      k.addStreamGradients(dStream, x, hooks);
      q.addStreamGradients(dStream, x, hooks);
    }
  }
}
