package mechinterp.model.stage;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.model.BatchInput;
import mechinterp.model.HookPoint;
import mechinterp.model.Hooks;
import mechinterp.model.RunMemory;
import mechinterp.tensor.FloatMatrix;

/**
 * What a block adds to the residual stream x, behind a norm:
 *
 * <pre>
 *   added = layer(norm(x)), or post(layer(norm(x)))        hook_attn_out or hook_mlp_out
 * </pre>
 *
 * <p>Of the feed-forward layer x is the hook point hook_mlp_in: an edit there changes what this
 * layer reads, and not the stream that goes past it. The heads of attention have such inputs each.
 */
final class Branch {
  private final Device device;
  private final Kernels kernels;
  private final Optional<HookPoint> inputPoint;
  private final HookedNorm norm;
  private final HookedLayer layer;
  private final Optional<HookedNorm> post;
  private final HookPoint point;
  private final int dModel;

  /**
   * Makes the branch.
   *
   * @param inputPoint of what the whole layer reads, where its parts do not read apart
   * @param post the norm behind the layer, where there is one
   * @param point of what is added
   */
  Branch(
      Device device,
      Optional<HookPoint> inputPoint,
      HookedNorm norm,
      HookedLayer layer,
      Optional<HookedNorm> post,
      HookPoint point,
      int dModel) {
    this.device = device;
    this.kernels = device.kernels();
    this.inputPoint = inputPoint;
    this.norm = norm;
    this.layer = layer;
    this.post = post;
    this.point = point;
    this.dModel = dModel;
  }

  void addHookPoints(SequencedMap<HookPoint, OptionalInt> points) {
    inputPoint.ifPresent(p -> points.put(p, OptionalInt.of(dModel)));
    norm.addHookPoints(points);
    layer.addHookPoints(points);
    post.ifPresent(p -> p.addHookPoints(points));
    points.put(point, OptionalInt.of(dModel));
  }

  Run begin(RunMemory memory) {
    return new Run(memory);
  }

  /** What the layer makes; only a norm behind it reads that in the backward pass. */
  private FloatMatrix declare(RunMemory memory) {
    return post.isPresent()
        ? memory.kept(point.site(), Matrices.BRANCH, dModel)
        : memory.shared(Matrices.BRANCH, dModel);
  }

  /** The branch in one run. */
  final class Run {
    private final HookedNorm.Run normRun;
    private final HookedLayer.Run layerRun;
    private final Optional<HookedNorm.Run> postRun;
    private final FloatMatrix made;
    private final Optional<FloatMatrix> dAdded;
    private Optional<FloatMatrix> edited = Optional.empty();

    private Run(RunMemory memory) {
      normRun = norm.begin(memory);
      layerRun = layer.begin(memory);
      postRun = post.map(p -> p.begin(memory));
      made = declare(memory);
      dAdded = memory.gradients().map(Branch.this::declare);
    }

    /**
     * out = stream + what the branch makes of x.
     *
     * @param stream may be out, which spares storing what is added unless a hook looks at it
     */
    void addTo(FloatMatrix out, FloatMatrix stream, FloatMatrix x, BatchInput input, Hooks hooks) {
      edited = inputPoint.flatMap(p -> edited(p, x, hooks));
      LayerInput read = read(x);
      normRun.forward(read.stream(), hooks);
      if (out == stream && addsAtOnce(hooks)) {
        layerRun.addTo(out, read, input, hooks);
      } else {
        kernels.add(out, stream, added(read, input, hooks));
      }
    }

    private Optional<FloatMatrix> edited(HookPoint input, FloatMatrix x, Hooks hooks) {
      if (!hooks.edits(input)) {
        hooks.at(input, x);
        return Optional.empty();
      }
      FloatMatrix copy = device.floats(x.rows(), x.cols());
      kernels.copy(copy, x);
      hooks.at(input, copy);
      return Optional.of(copy);
    }

    private LayerInput read(FloatMatrix x) {
      return new LayerInput(edited.orElse(x), normRun.output());
    }

    private boolean addsAtOnce(Hooks hooks) {
      return post.isEmpty() && !hooks.wants(point) && layerRun.addsExactly(hooks);
    }

    /** Returns what is added to the residual stream, in a matrix that others write next. */
    private FloatMatrix added(LayerInput read, BatchInput input, Hooks hooks) {
      layerRun.forward(made, read, input, hooks);
      postRun.ifPresent(run -> run.forward(made, hooks));
      FloatMatrix added = postRun.map(HookedNorm.Run::output).orElse(made);
      hooks.at(point, added);
      return added;
    }

    /**
     * Returns the gradient with respect to x, in a matrix that others write next.
     *
     * @param gradient with respect to what is added; left as it is
     */
    FloatMatrix backward(FloatMatrix gradient, FloatMatrix x, BatchInput input, Hooks hooks) {
      FloatMatrix d = dAdded.orElseThrow();
      kernels.copy(d, gradient);
      hooks.at(point, d);
      FloatMatrix dMade = postRun.map(run -> run.backward(d, made, hooks)).orElse(d);
      LayerInput read = read(x);
      FloatMatrix dNormed = layerRun.backward(dMade, read, input, hooks);
      FloatMatrix dx = normRun.backward(dNormed, read.stream(), hooks);
      layerRun.addStreamGradients(dx, read, hooks);
      inputPoint.ifPresent(p -> hooks.at(p, dx));
      return dx;
    }
  }
}
